package gen_test

import (
	"encoding/json"
	"testing"

	"github.com/mixstream/mixstream/gen"
)

// BenchmarkJSON decodes and encodes two events with the generated code and with encoding/json.
func BenchmarkJSON(b *testing.B) {
	for _, bench := range []struct{ name, data string }{
		{"content", `{"type":"content","content":"A few words of an answer","assistantMessageId":"msg_0123456789"}`},
		{"notification", `{"choices":["yes","no"],"createdAt":1767225600000,"id":"n-1","message":"May the agent go on?","notificationType":"question","responseType":"choice","sessionId":"s-1","timeout":30000,"title":"Question","type":"notification"}`},
	} {
		data := []byte(bench.data)
		event := gen.StreamEvents.Decode(bench.name, data)
		b.Run("decode "+bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = gen.StreamEvents.Decode(bench.name, data)
			}
		})
		b.Run("unmarshal "+bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = gen.StreamEvents.Events.DecodeFunc(bench.name, data, json.Unmarshal)
			}
		})
		b.Run("encode "+bench.name, func(b *testing.B) {
			b.ReportAllocs()
			var buffer []byte
			for b.Loop() {
				_, buffer, _ = gen.StreamEvents.Events.Encode(buffer[:0], event)
			}
		})
		b.Run("marshal "+bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = json.Marshal(event)
			}
		})
	}
}
