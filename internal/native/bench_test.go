package native_test

import (
	"testing"

	"github.com/coupchat/coup/internal/native"
)

func BenchmarkDecodeSendMessage(b *testing.B) {
	frame := []byte(`{"event":"send_message","id":"17","data":{"studyId":"study-1","content":"What a member says: a sentence or two of chat, 한글 too.","clientId":"0b1d7d3c-4d1e-4f57-9d3b-0d3a5a1a2b3c"}}`)
	b.SetBytes(int64(len(frame)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := (native.Dialect{}).Decode(frame, false); err != nil {
			b.Fatal(err)
		}
	}
}
