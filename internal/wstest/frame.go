package wstest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Frame returns a masked frame with any first byte (FIN, RSV, opcode).
func Frame(first byte, payload []byte) []byte {
	b := []byte{first}
	switch n := len(payload); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	mask := [4]byte{0x12, 0x34, 0x56, 0x78}
	b = append(b, mask[:]...)
	for i, p := range payload {
		b = append(b, p^mask[i%4])
	}
	return b
}

// maxFrame is the longest payload that is accepted from a server, in bytes.
const maxFrame = 16 << 20

// ErrFrame says that a server has sent bytes that no server may send.
var ErrFrame = errors.New("not a frame of a server")

// ReadFrame returns the next frame of a server, of any kind. If the bytes are no frame of a
// server, the error wraps ErrFrame.
func ReadFrame(r io.Reader) (first byte, payload []byte, err error) {
	var h [2]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return 0, nil, err
	}
	n := uint64(h[1] & 0x7f)
	switch {
	case h[1]&0x80 != 0:
		return 0, nil, fmt.Errorf("%w: it is masked", ErrFrame)
	case n == 126:
		var l [2]byte
		_, err = io.ReadFull(r, l[:])
		n = uint64(binary.BigEndian.Uint16(l[:]))
	case n == 127:
		var l [8]byte
		_, err = io.ReadFull(r, l[:])
		n = binary.BigEndian.Uint64(l[:])
	}
	if err == nil && n > maxFrame {
		err = fmt.Errorf("%w: its length is %d bytes", ErrFrame, n)
	}
	if err != nil {
		return 0, nil, err
	}
	payload = make([]byte, n)
	_, err = io.ReadFull(r, payload)
	return h[0], payload, err
}
