package main

import (
	"bytes"
	"fmt"
	"math"
)

// draw returns one SVG with both plots.
func draw(f Figures) []byte {
	var b bytes.Buffer
	b.WriteString(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 880 340" font-family="system-ui, sans-serif" font-size="13">` + "\n")
	b.WriteString(`<rect width="880" height="340" fill="#fdfcf7"/>` + "\n")
	plot(&b, 0, "CPU per delivery, µs, by members of a room", f.RoomSize, math.Log10)
	plot(&b, 440, "Resident memory, MB, by idle connections", f.Memory, func(x float64) float64 { return x })
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// plot draws points and the lines between them, with a given scale of x.
func plot(b *bytes.Buffer, left float64, title string, points []Point, scale func(float64) float64) {
	const top, width, height, margin = 50, 340, 230, 60
	if len(points) == 0 {
		return
	}
	low, high, most := scale(points[0].X), scale(points[len(points)-1].X), 0.0
	for _, p := range points {
		most = max(most, p.Y)
	}
	most *= 1.2
	x := func(p Point) float64 { return left + margin + width*(scale(p.X)-low)/max(high-low, 1e-9) }
	y := func(v float64) float64 { return top + height*(1-v/most) }
	fmt.Fprintf(b, `<text x="%.0f" y="28" font-weight="600" fill="#1f4f46">%s</text>`+"\n", left+margin, title)
	for i := range 5 {
		v := most * float64(i) / 4
		fmt.Fprintf(b, `<line x1="%.0f" x2="%.0f" y1="%.1f" y2="%.1f" stroke="#e3ddcf"/><text x="%.0f" y="%.1f" text-anchor="end" fill="#5c5a52">%.3g</text>`+"\n",
			left+margin, left+margin+width, y(v), y(v), left+margin-8, y(v)+4, v)
	}
	path := ""
	for i, p := range points {
		path += fmt.Sprintf("%s%.1f %.1f ", map[bool]string{true: "M", false: "L"}[i == 0], x(p), y(p.Y))
	}
	fmt.Fprintf(b, `<path d="%s" fill="none" stroke="#1f6f5c" stroke-width="2"/>`+"\n", path)
	for _, p := range points {
		fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="4" fill="#b23a1e"/><text x="%.1f" y="%.1f" text-anchor="middle" fill="#333">%.3g</text><text x="%.1f" y="%d" text-anchor="middle" fill="#5c5a52">%.0f</text>`+"\n",
			x(p), y(p.Y), x(p), y(p.Y)-10, p.Y, x(p), top+height+22, p.X)
	}
}
