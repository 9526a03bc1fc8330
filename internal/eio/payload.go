package eio

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"net/http"

	"github.com/coupchat/coup/internal/ws"
)

// separator stands between the packets of a payload.
const separator = 0x1e

// Packets of a server that carry no data.
const (
	closing = "1"
	noop    = "6"
)

// frames returns the packets of a client's payload as frames of a WebSocket client. A packet
// with binary data becomes a binary frame. end says that the last packet closes the connection:
// it becomes a close frame. It reports false for a payload that is none.
func frames(payload []byte) (out []byte, end, ok bool) {
	for packet := range bytes.SplitSeq(payload, []byte{separator}) {
		switch {
		case len(packet) == 0 || end:
			return nil, false, false
		case packet[0] == 'b':
			data, err := base64.StdEncoding.Strict().AppendDecode(nil, packet[1:])
			if err != nil {
				return nil, false, false
			}
			out = ws.AppendClientFrame(out, ws.Binary, data)
		case string(packet) == closing:
			end = true
			out = ws.AppendClientFrame(out, ws.Close, ws.Normal.Bytes())
		default:
			out = ws.AppendClientFrame(out, ws.Text, packet)
		}
	}
	return out, end, true
}

// maxPayload is how many bytes the payload for one poll has at least before no more frames are
// added: with each poll it shows that the client still reads.
const maxPayload = 64 << 10

// take moves whole frames of a server from p to a payload. It returns how many bytes it took, and
// whether the frame after them is a close frame.
func take(payload, p []byte) (_ []byte, n int, end bool) {
	for n < len(p) && len(payload) < maxPayload {
		op, body, size := ws.ServerFrame(p[n:])
		switch op {
		case ws.Close:
			return payload, n, true
		case ws.Text:
			if len(payload) > 0 {
				payload = append(payload, separator)
			}
			payload = append(payload, body...)
		}
		n += size
	}
	return payload, n, false
}

// body reads the body of a POST as frames.
func (s *Stream) body(w http.ResponseWriter, r *http.Request) (data []byte, left bool, _ *Error) {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "application/octet-stream" {
		return nil, false, ErrRequest
	}
	body := r.Body
	if limit := s.limit(); limit > 0 {
		body = http.MaxBytesReader(w, body, int64(limit))
	}
	payload, err := io.ReadAll(body)
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, false, errTooLarge
	}
	data, left, ok := frames(payload)
	if err != nil || !ok {
		return nil, false, ErrRequest
	}
	return data, left, nil
}
