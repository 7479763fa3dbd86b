package server_test

import (
	"compress/gzip"
	"context"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// hidden is a ResponseWriter that has the three methods, and nothing else.
type hidden struct{ w http.ResponseWriter }

func (h hidden) Header() http.Header { return h.w.Header() }

func (h hidden) Write(p []byte) (int, error) { return h.w.Write(p) }

func (h hidden) WriteHeader(code int) { h.w.WriteHeader(code) }

// unwraps has the Unwrap that http.ResponseController looks for.
type unwraps struct {
	hidden
	to http.ResponseWriter
}

func (w *unwraps) Unwrap() http.ResponseWriter { return w.to }

type flushesAndUnwraps struct{ unwraps }

func (w *flushesAndUnwraps) Flush() { w.w.(http.Flusher).Flush() }

// flushes has a Flush, and shows the writer below only as one that it embeds.
type flushes struct {
	http.ResponseWriter
	flush func(below http.ResponseWriter)
}

func (w flushes) Flush() { w.flush(w.ResponseWriter) }

func ifPossible(below http.ResponseWriter) {
	if f, ok := below.(http.Flusher); ok {
		f.Flush()
	}
}

func asserting(below http.ResponseWriter) { below.(http.Flusher).Flush() }

func panics(http.ResponseWriter) { panic("by a middleware") }

type flushesOpenly struct{ flushes }

func (w flushesOpenly) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// tellsErrors has FlushError, as the writer of net/http does.
type tellsErrors struct{ hidden }

func (w tellsErrors) FlushError() error { return http.NewResponseController(w.w).Flush() }

// decides sets a header in WriteHeader; its Flush only flushes.
type decides struct{ flushesOpenly }

func (w decides) WriteHeader(code int) {
	w.Header().Set("X-Decided", "yes")
	w.ResponseWriter.WriteHeader(code)
}

// gzips decides in WriteHeader that it compresses.
type gzips struct {
	decides
	to *gzip.Writer
}

func (w gzips) WriteHeader(code int) {
	w.Header().Set("Content-Encoding", "gzip")
	w.decides.WriteHeader(code)
}

func (w gzips) Write(p []byte) (int, error) { return w.to.Write(p) }

func (w gzips) Flush() {
	_ = w.to.Flush()
	w.decides.Flush()
}

type middlewares []func(http.Handler) http.Handler // the outermost last

// wraps returns a middleware that wraps the writer.
func wraps(wrap func(http.ResponseWriter) http.ResponseWriter) func(http.Handler) http.Handler {
	return func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(wrap(w), r) })
	}
}

func gzipping(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to := gzip.NewWriter(w)
		h.ServeHTTP(gzips{decides{flushesOpenly{flushes{w, ifPossible}}}, to}, r)
		_ = to.Close()
	})
}

// recovering answers for a handler that panics.
func recovering(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			switch p := recover(); p {
			case nil:
			case http.ErrAbortHandler:
				panic(p)
			default:
				w.WriteHeader(http.StatusInternalServerError)
			}
		}()
		h.ServeHTTP(w, r)
	})
}

var (
	hiding     = wraps(func(w http.ResponseWriter) http.ResponseWriter { return hidden{w} })
	unwrapping = wraps(func(w http.ResponseWriter) http.ResponseWriter { return &unwraps{hidden{w}, w} })
	polite     = wraps(func(w http.ResponseWriter) http.ResponseWriter { return flushes{w, ifPossible} })
	politeOpen = wraps(func(w http.ResponseWriter) http.ResponseWriter { return flushesOpenly{flushes{w, ifPossible}} })
	rude       = wraps(func(w http.ResponseWriter) http.ResponseWriter { return flushes{w, asserting} })
	panicking  = wraps(func(w http.ResponseWriter) http.ResponseWriter { return flushes{w, panics} })
	telling    = wraps(func(w http.ResponseWriter) http.ResponseWriter { return tellsErrors{hidden{w}} })
	deciding   = wraps(func(w http.ResponseWriter) http.ResponseWriter { return decides{flushesOpenly{flushes{w, ifPossible}}} })
	encoded    = wraps(func(w http.ResponseWriter) http.ResponseWriter {
		w.Header().Set("Content-Encoding", "br")
		return &unwraps{hidden{w}, w}
	})
	borrowing = wraps(func(w http.ResponseWriter) http.ResponseWriter {
		return struct {
			http.ResponseWriter
			http.Flusher
		}{hidden{w}, w.(http.Flusher)}
	})
	nowhere     = wraps(func(w http.ResponseWriter) http.ResponseWriter { return &unwraps{hidden: hidden{w}} })
	flushesOnly = wraps(func(w http.ResponseWriter) http.ResponseWriter { return &flushesAndUnwraps{unwraps{hidden: hidden{w}}} })
	itself      = wraps(func(w http.ResponseWriter) http.ResponseWriter {
		u := &unwraps{hidden: hidden{w}}
		u.to = u
		return u
	})
	eachOther = wraps(func(w http.ResponseWriter) http.ResponseWriter {
		u := &flushesAndUnwraps{unwraps{hidden: hidden{w}}}
		u.to = &unwraps{hidden{w}, u}
		return u
	})
)

// behind is a server behind middlewares.
type behind struct {
	srv    *mix.Server
	ts     *httptest.Server
	log    *servertest.FaultyLog
	logged logged
}

// inEachWay runs a test over both protocols and in both modes. After it, the server holds nothing.
func inEachWay(t *testing.T, m middlewares, test func(t *testing.T, c *behind)) {
	for name, h2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
		t.Run(name, func(t *testing.T) {
			servertest.BothModes(t, func(t *testing.T, mode servertest.Mode) {
				c := &behind{log: &servertest.FaultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}}
				timing := server.WithTiming(server.Timing{Heartbeat: time.Hour}) // so that no heartbeat pushes an event out
				c.srv = mode.NewServer(t, server.WithLog(c.log), c.logged.option(), everyonePublishes, timing)
				var h http.Handler = c.srv
				for _, around := range m {
					h = around(h)
				}
				c.ts = servertest.Serve(t, h, servertest.Quiet, func(ts *httptest.Server) { ts.EnableHTTP2 = h2 })
				test(t, c)
				wantFree(t, c.srv)
				servertest.Until(t, "no reader of the log is left", func() bool { return c.log.Readers.Load() == 0 })
			})
		})
	}
}

func (c *behind) get(t *testing.T, session string) *http.Response {
	t.Helper()
	return servertest.Get(t, c.ts, servertest.StreamURL(c.ts, session))
}

// post publishes over HTTP and returns the id.
func (c *behind) post(t *testing.T, session string) (id string) {
	t.Helper()
	got := post(t, c.ts, session, jsonType, "", strings.NewReader(oneLine))
	if got.status != http.StatusCreated || got.count() != 1 {
		t.Fatal(got)
	}
	return got.lastID()
}

// wantOthers expects that requests for no stream work.
func (c *behind) wantOthers(t *testing.T) {
	t.Helper()
	servertest.WantError(t, c.get(t, "nobody"), http.StatusNotFound, gen.RESTErrorTypeNotFound)
	servertest.WantError(t, servertest.Get(t, c.ts, c.ts.URL+"/elsewhere"), http.StatusNotFound, gen.RESTErrorTypeNotFound)
	for contentType, status := range map[string]int{jsonType: http.StatusBadRequest, "text/plain": http.StatusUnsupportedMediaType} {
		if got := post(t, c.ts, "posted", contentType, "", strings.NewReader("{}")); got.status != status {
			t.Errorf("%s: %v", contentType, got)
		}
	}
	c.post(t, "posted")
}

// streams expects the header and connected before anything is published, and each event before the
// next one is.
func streams(header ...string) func(*testing.T, *behind) {
	return func(t *testing.T, c *behind) {
		t.Helper()
		first := c.post(t, "s")
		res := c.get(t, "s")
		for _, name := range header {
			if res.Header.Get(name) == "" {
				t.Errorf("no %s: %v", name, res.Header)
			}
		}
		if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" {
			t.Fatalf("%s, %v", res.Status, res.Header)
		}
		r := servertest.NewReader(t, res, res.Body)
		r.Want("connected", first)
		for range 3 {
			r.WantContents(c.post(t, "s"))
		}
		r.Want("session_deleted", servertest.DeleteSession(t, c.srv, "s"))
		r.WantEnd()
		if c.logged.count("level=ERROR") != 0 {
			t.Errorf("logged %.500q", c.logged.buf.String())
		}
	}
}

// refused expects that the server refuses a stream at once.
func refused(t *testing.T, c *behind) {
	t.Helper()
	c.post(t, "s")
	res := c.get(t, "s")
	message := servertest.WantError(t, res, http.StatusInternalServerError, gen.RESTErrorTypeInternalError)
	if !strings.Contains(message, "cannot flush") || !strings.Contains(message, "middleware") || strings.Contains(message, "(") {
		t.Errorf("message %q", message)
	}
	if res.Header.Get("X-Accel-Buffering") != "" || c.logged.count("level=ERROR") != 1 || c.logged.count("stream refused") != 1 {
		t.Errorf("header %v; logged %.500q", res.Header, c.logged.buf.String())
	}
}

// cut expects that the client gets nothing that looks like a stream, and that the log says why.
func cut(why string) func(*testing.T, *behind) {
	return func(t *testing.T, c *behind) {
		t.Helper()
		c.post(t, "s")
		if res, err := servertest.Try(t, c.ts, servertest.StreamURL(c.ts, "s")); err == nil || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %+v, %v", res, err)
		}
		wantFree(t, c.srv)
		if c.logged.count(why) == 0 { // a client may repeat the request over another connection
			t.Errorf("logged %.500q", c.logged.buf.String())
		}
	}
}

// A stream passes any middleware whose writer can flush or has Unwrap. The server refuses it at
// once if no flush would reach its client; a failure that shows only at the flush cuts the
// connection. The module internal/middlewares tests those of others.
func TestMiddlewares(t *testing.T) {
	for _, test := range []struct {
		name string
		m    middlewares
		want func(*testing.T, *behind)
	}{
		{"none", nil, streams()},
		{"only Unwrap", middlewares{unwrapping}, streams()},
		{"only Unwrap, five times", middlewares{unwrapping, unwrapping, unwrapping, unwrapping, unwrapping}, streams()},
		{"Flush if possible", middlewares{polite}, streams()},
		{"Flush that asserts", middlewares{rude}, streams()},
		{"FlushError", middlewares{telling}, streams()},
		{"Flush of another", middlewares{borrowing}, streams()},
		{"Flush that unwraps to nil", middlewares{flushesOnly}, streams()},
		{"header in WriteHeader", middlewares{deciding}, streams("X-Decided")},
		{"gzip in WriteHeader", middlewares{gzipping}, streams("X-Decided")},
		{"Flush if possible, around it only Unwrap", middlewares{polite, unwrapping}, streams()},
		{"Flush if possible and Unwrap, around it only Unwrap", middlewares{politeOpen, unwrapping}, streams()},
		{"Flush that asserts, around it only Unwrap", middlewares{rude, unwrapping}, streams()},
		{"FlushError, around it only Unwrap", middlewares{telling, unwrapping}, streams()},
		{"header in WriteHeader, around it only Unwrap", middlewares{deciding, unwrapping}, streams("X-Decided")},
		{"gzip in WriteHeader, around it only Unwrap", middlewares{gzipping, unwrapping}, streams("X-Decided")},
		{"within only Unwrap", middlewares{unwrapping, gzipping, polite}, streams("X-Decided")},
		{"an encoding, around it Flush", middlewares{encoded, polite}, streams()},
		{"one upon the other", middlewares{politeOpen, unwrapping, deciding, unwrapping, polite, unwrapping}, streams("X-Decided")},

		{"neither", middlewares{hiding}, refused},
		{"Unwrap to nil", middlewares{nowhere}, refused},
		{"Flush if possible, around it neither", middlewares{polite, hiding}, refused},
		{"Flush if possible and Unwrap, around it neither", middlewares{politeOpen, hiding}, refused},
		{"Flush if possible, around it only Unwrap, and neither", middlewares{polite, unwrapping, hiding}, refused},
		{"Flush that asserts, around it neither", middlewares{rude, hiding}, refused},
		{"gzip in WriteHeader, around it neither", middlewares{gzipping, hiding}, refused},
		{"an encoding, and only Unwrap", middlewares{encoded}, refused},

		{"Flush panics", middlewares{panicking, recovering}, cut("by a middleware")},
		{"Flush panics, around it only Unwrap", middlewares{panicking, unwrapping, recovering}, cut("by a middleware")},
		{"FlushError, around it neither", middlewares{telling, hiding, recovering}, cut("cannot flush")},
	} {
		t.Run(test.name, func(t *testing.T) {
			inEachWay(t, test.m, func(t *testing.T, c *behind) {
				c.wantOthers(t)
				test.want(t, c)
			})
		})
	}
}

// A writer that unwraps to itself sends http.ResponseController into an endless search.
func TestCircularWriters(t *testing.T) {
	for name, m := range map[string]middlewares{"itself": {itself}, "each other": {unwrapping, eachOther}} {
		t.Run(name, func(t *testing.T) {
			inEachWay(t, m, func(t *testing.T, c *behind) {
				servertest.Publish(t, c.srv, "s", "")
				servertest.WantError(t, c.get(t, "s"), http.StatusInternalServerError, gen.RESTErrorTypeInternalError)
				if got := post(t, c.ts, "s", jsonType, "", strings.NewReader("{}")); got.status != http.StatusInternalServerError {
					t.Error(got)
				}
				if c.logged.count("unwraps to itself") != 2 {
					t.Errorf("logged %.500q", c.logged.buf.String())
				}
			})
		})
	}
}

// A compressor hides the errors of a flush. The server still drops a reader behind it that stops
// reading.
func TestStuckReaderBehindCompressor(t *testing.T) {
	t.Parallel()
	srv := servertest.NewServer(t, server.WithTiming(server.Timing{WriteTimeout: 300 * time.Millisecond}))
	ts := servertest.Serve(t, gzipping(srv), servertest.SmallBuffers)
	servertest.Publish(t, srv, "s", "")
	servertest.NeverRead(t, ts, "s")
	servertest.Until(t, "the reader has come", func() bool { return srv.Readers("s") == 1 })
	random, noise := rand.NewChaCha8([32]byte{}), make([]byte, 256<<10)
	for range 40 {
		_, _ = random.Read(noise)
		servertest.Publish(t, srv, "s", hex.EncodeToString(noise))
	}
	servertest.Until(t, "the reader is dropped", func() bool { return srv.Readers("s") == 0 })
}
