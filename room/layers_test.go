package room_test

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The list in doc.go names every file, and no file uses what a later file declares.
func TestFilesUseOnlyWhatStandsAboveThem(t *testing.T) {
	fset := token.NewFileSet()
	var files []*ast.File
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	fileOf := func(pos token.Pos) string { return filepath.Base(fset.Position(pos).Filename) }

	order := listedFiles(t)
	for _, f := range files {
		if name := fileOf(f.Pos()); name != "doc.go" && !slices.Contains(order, name) {
			t.Errorf("doc.go does not list %s", name)
		}
	}
	info := types.Info{Uses: map[*ast.Ident]types.Object{}}
	conf := types.Config{Importer: importer.ForCompiler(fset, "gc", exportData(t))}
	pkg, err := conf.Check("github.com/coupchat/coup/room", fset, files, &info)
	if err != nil {
		t.Fatal(err)
	}
	for ident, object := range info.Uses {
		if object.Pkg() != pkg {
			continue
		}
		user, declarer := fileOf(ident.Pos()), fileOf(object.Pos())
		if slices.Index(order, declarer) > slices.Index(order, user) {
			t.Errorf("%s uses %s, which %s declares", fset.Position(ident.Pos()), ident.Name, declarer)
		}
	}
}

// listedFiles returns the files in the order of doc.go.
func listedFiles(t *testing.T) []string {
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, m := range regexp.MustCompile(`(?m)^//\t(\w+\.go) `).FindAllStringSubmatch(string(text), -1) {
		order = append(order, m[1])
	}
	return order
}

// exportData returns a function that opens what the compiler exports of a package that
// room imports.
func exportData(t *testing.T) func(path string) (io.ReadCloser, error) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}", ".").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	exports := map[string]string{}
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		exports[path] = file
	}
	return func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) }
}
