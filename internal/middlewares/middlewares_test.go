package middlewares_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// Behind each middleware a stream gets its header and connected at once, before anything is
// published. Each event arrives without another one that pushes it. The body matches its
// Content-Encoding, and the end is clean. If a stream cannot work, the server refuses it at
// once. Everything except streams works behind all of them.
func TestMiddlewares(t *testing.T) {
	for _, m := range all() {
		for _, detached := range []bool{false, true} {
			for _, h2 := range []bool{false, true} {
				mode, proto := "attached", "HTTP/1.1"
				if detached {
					mode = "detached"
				}
				if h2 {
					proto = "HTTP/2"
				}
				t.Run(fmt.Sprintf("%s/%s, %s", m.name, mode, proto), func(t *testing.T) {
					t.Parallel()
					around, saw := m.make()
					b := put(t, around, h2, detached)
					b.wantOthers()
					if m.refused {
						b.post("s", 1)
						res := b.do(http.MethodGet, "/stream?sessionId=s", "", "")
						if message := b.wantError(res, http.StatusInternalServerError); !strings.Contains(message, "cannot flush") {
							t.Errorf("message %q", message)
						}
						return
					}
					b.wantStream(m, !h2 && detached && m.bare, saw)
				})
			}
		}
	}
}

// wantStream reads a stream from its beginning to its end. detached tells whether the stream
// takes its connection along. saw, if not nil, tells how much of the body the middleware saw.
func (b *behind) wantStream(m middleware, detached bool, saw func() int) {
	b.t.Helper()
	first := b.post("s", 1)
	res := b.do(http.MethodGet, "/stream?sessionId=s", "", "")
	h := res.Header
	if res.StatusCode != http.StatusOK || h.Get("Content-Type") != "text/event-stream" || h.Get("Content-Encoding") != m.encoding {
		b.t.Fatalf("%s, %v", res.Status, h)
	}
	if m.header != "" && h.Get(m.header) == "" {
		b.t.Errorf("no %s: %v", m.header, h)
	}
	if res.Close != detached {
		b.t.Errorf("detached: %t", res.Close)
	}
	s := &stream{t: b.t}
	s.from(b.decoded(res))
	s.want("connected", first)
	for range 3 {
		s.want("content", b.post("s", 1))
	}
	last, err := b.srv.DeleteSession(b.t.Context(), "s")
	if err != nil {
		b.t.Fatal(err)
	}
	s.want("session_deleted", last)
	s.wantEnd()
	until(b.t, "the server counts no reader", func() bool { return b.srv.Readers("s") == 0 })
	if saw != nil {
		until(b.t, "the middleware has seen the whole stream", func() bool { return saw() >= s.read })
	}
}

// The gziphandler of NYTimes ignores a flush before it has seen 1,400 bytes, and the server
// cannot know: docs/server.md warns of it.
func TestGziphandlerHoldsStreamsBack(t *testing.T) {
	var before, behind atomic.Int64
	b := put(t, func(h http.Handler) http.Handler { return counts(gziphandlerOf()(counts(h, &before)), &behind) }, false, false)
	b.post("s", 1)
	opened := make(chan *http.Response)
	go func() {
		defer close(opened)
		opened <- b.do(http.MethodGet, "/stream?sessionId=s", "", "")
	}()
	until(t, "connected is written", func() bool { return before.Load() > 0 })
	before.Store(0)
	b.post("s", 3)
	until(t, "more is written", func() bool { return before.Load() > 0 })
	if n := behind.Load(); n != 0 {
		t.Errorf("%d bytes have passed", n)
	}
	for range 10 {
		b.post("s", 10)
	}
	res := <-opened
	if res == nil {
		t.FailNow() // as do does
	}
	s := &stream{t: t}
	s.from(b.decoded(res))
	if e, err := s.dec.Next(); err != nil || e.Name != "connected" {
		t.Errorf("got %+v, %v", e, err)
	}
}

// counts counts the flushed bytes of streams.
func counts(h http.Handler, n *atomic.Int64) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			w = &counting{ResponseWriter: w, flushed: n}
		}
		h.ServeHTTP(w, r)
	})
}

type counting struct {
	http.ResponseWriter
	written int
	flushed *atomic.Int64
}

func (c *counting) Write(p []byte) (int, error) {
	c.written += len(p)
	return c.ResponseWriter.Write(p)
}

func (c *counting) Flush() {
	c.ResponseWriter.(http.Flusher).Flush()
	c.flushed.Add(int64(c.written))
	c.written = 0
}
