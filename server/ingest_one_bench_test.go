package server_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

// BenchmarkPublishOne publishes one event a request: to the handler, whose ResponseWriter costs
// nothing, and over one connection, whose client costs little.
func BenchmarkPublishOne(b *testing.B) {
	const event = `{"event":"content","data":{"type":"content","assistantMessageId":"m2","content":"token 4711 "}}`
	srv := servertest.NewServer(b, everyonePublishes, server.WithLog(eventlog.NewMemory(eventlog.Retention{Entries: 1000})))
	b.Run("handler", func(b *testing.B) {
		body := bytes.NewReader(nil)
		r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/stream?sessionId=s", nil)
		r.Header.Set("Content-Type", jsonType)
		r.ContentLength = int64(len(event))
		w := discard{make(http.Header)}
		b.ReportAllocs()
		for b.Loop() {
			body.Reset([]byte(event))
			r.Body = io.NopCloser(body)
			srv.ServePublish(w, r, "s")
		}
	})
	b.Run("connection", func(b *testing.B) {
		ts := servertest.Serve(b, srv)
		c, err := net.Dial("tcp", ts.Listener.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close()
		request := fmt.Appendf(nil, "POST /stream?sessionId=s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(event), event)
		answer := make([]byte, 4<<10)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := c.Write(request); err != nil {
				b.Fatal(err)
			}
			for n := 0; !bytes.HasSuffix(answer[:n], []byte("}\n")); {
				more, err := c.Read(answer[n:])
				if n += more; err != nil {
					b.Fatal(err)
				}
			}
			if !bytes.HasPrefix(answer, []byte("HTTP/1.1 201")) {
				b.Fatalf("%s", answer)
			}
		}
	})
}
