package server_test

import (
	"compress/gzip"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log"
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

type middlewareFunc = func(http.Handler) http.Handler

// middlewares are the middlewares around a server, the outermost last.
type middlewares []middlewareFunc

func (m middlewares) around(h http.Handler) http.Handler {
	for _, wrap := range m {
		h = wrap(h)
	}
	return h
}

var (
	unwrapping = writerOf(func(w http.ResponseWriter) http.ResponseWriter { return onlyUnwraps{hidden{w}} })
	hiding     = writerOf(func(w http.ResponseWriter) http.ResponseWriter { return hidden{w} })
	polite     = writerOf(func(w http.ResponseWriter) http.ResponseWriter { return ifPossible{w} })
	politeOpen = writerOf(func(w http.ResponseWriter) http.ResponseWriter { return ifPossibleUnwraps{ifPossible{w}} })
	rude       = writerOf(func(w http.ResponseWriter) http.ResponseWriter { return asserting{w} })
	rudeOpen   = writerOf(func(w http.ResponseWriter) http.ResponseWriter { return assertingUnwraps{asserting{w}} })
	telling    = writerOf(func(w http.ResponseWriter) http.ResponseWriter { return tellsErrors{hidden{w}} })
	deciding   = writerOf(func(w http.ResponseWriter) http.ResponseWriter {
		return decidesAtHeader{ifPossibleUnwraps{ifPossible{w}}}
	})
	panicking   = writerOf(func(w http.ResponseWriter) http.ResponseWriter { return panics{w} })
	timing      = func(h http.Handler) http.Handler { return http.TimeoutHandler(h, time.Hour, "too late") }
	gzipHeader  = gzipped(func(g gzips) http.ResponseWriter { return &gzipsAtHeader{g} })
	gzipBody    = gzipped(func(g gzips) http.ResponseWriter { return &gzipsAtBody{gzipsAtHeader: gzipsAtHeader{g}} })
	gzipUnwraps = gzipped(func(g gzips) http.ResponseWriter {
		g.Header().Set("Content-Encoding", "gzip")
		return &gzipsUnwraps{g}
	})
	borrowing = writerOf(func(w http.ResponseWriter) http.ResponseWriter {
		return struct {
			http.ResponseWriter
			http.Flusher
		}{hidden{w}, w.(http.Flusher)}
	})
	nowhere     = writerOf(func(w http.ResponseWriter) http.ResponseWriter { return &unwrapsTo{hidden: hidden{w}} })
	flushesOnly = writerOf(func(w http.ResponseWriter) http.ResponseWriter {
		return &flushesUnwrapsTo{unwrapsTo{hidden: hidden{w}}}
	})
	itself = writerOf(func(w http.ResponseWriter) http.ResponseWriter {
		u := &unwrapsTo{hidden: hidden{w}}
		u.to = u
		return u
	})
	eachOther = writerOf(func(w http.ResponseWriter) http.ResponseWriter {
		u := &flushesUnwrapsTo{unwrapsTo{hidden: hidden{w}}}
		u.to = &unwrapsTo{hidden: hidden{w}, to: u}
		return u
	})
)

// inEachWay runs a test over both protocols and in both modes.
func inEachWay(t *testing.T, m middlewares, test func(t *testing.T, c *behind)) {
	for name, h2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
		t.Run(name, func(t *testing.T) {
			servertest.BothModes(t, func(t *testing.T, mode servertest.Mode) {
				c := &behind{log: &servertest.FaultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}}
				c.srv = mode.NewServer(t, server.WithLog(c.log), c.logged.option(), everyonePublishes, server.WithTiming(server.Timing{Heartbeat: time.Hour}))
				c.ts = servertest.Serve(t, m.around(c.srv), func(ts *httptest.Server) {
					ts.EnableHTTP2 = h2
					ts.Config.ErrorLog = log.New(io.Discard, "", 0)
				})
				test(t, c)
			})
		})
	}
}

// behind is a server behind middlewares.
type behind struct {
	srv    *mix.Server
	ts     *httptest.Server
	log    *servertest.FaultyLog
	logged logged
}

// do sends a request and decodes the answer as its Content-Encoding says.
func (c *behind) do(t *testing.T, method, target, body string) (*http.Response, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), servertest.Patience)
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, method, c.ts.URL+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(body, "{") {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept-Encoding", "gzip") // a value of the test's own keeps net/http from decoding
	res, err := c.ts.Client().Do(req)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { res.Body.Close() })
	if res.Header.Get("Content-Encoding") == "gzip" {
		res.Body = &lazyGunzip{ReadCloser: res.Body}
	}
	return res, nil
}

// lazyGunzip reads nothing before its first Read.
type lazyGunzip struct {
	io.ReadCloser
	from *gzip.Reader
}

func (z *lazyGunzip) Read(p []byte) (n int, err error) {
	if z.from == nil {
		if z.from, err = gzip.NewReader(z.ReadCloser); err != nil {
			return 0, err
		}
	}
	return z.from.Read(p)
}

// request is do for a request that must be answered.
func (c *behind) request(t *testing.T, method, target, body string) *http.Response {
	t.Helper()
	res, err := c.do(t, method, target, body)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// wantOthers expects that requests for no stream work.
func (c *behind) wantOthers(t *testing.T) {
	t.Helper()
	servertest.WantError(t, c.request(t, http.MethodGet, "/stream?sessionId=nobody", ""), http.StatusNotFound, gen.RESTErrorTypeNotFound)
	servertest.WantError(t, c.request(t, http.MethodGet, "/elsewhere", ""), http.StatusNotFound, gen.RESTErrorTypeNotFound)
	res := c.request(t, http.MethodPost, "/stream?sessionId=posted", `{"type":"content","data":{}}`)
	servertest.WantError(t, res, http.StatusBadRequest, gen.RESTErrorTypeValidationError)
	res = c.request(t, http.MethodPost, "/stream?sessionId=posted", "plain")
	servertest.WantError(t, res, http.StatusUnsupportedMediaType, gen.RESTErrorTypeBadRequest)
	c.wantPosted(t, "posted")
}

// wantPosted publishes over HTTP and returns the id.
func (c *behind) wantPosted(t *testing.T, session string) (id string) {
	t.Helper()
	res := c.request(t, http.MethodPost, "/stream?sessionId="+session, `{"event":"content","data":{"type":"content","content":"x"}}`)
	var result gen.PublishResult
	if err := json.NewDecoder(res.Body).Decode(&result); err != nil || res.StatusCode != http.StatusCreated || result.Count != 1 {
		t.Fatalf("%s, %+v, %v", res.Status, result, err)
	}
	return result.LastID
}

// A stream passes any middleware whose writer can flush or has Unwrap. The header and
// connected come before anything is published, each event comes before the next one is
// published, and the body is what its Content-Encoding says.
func TestStreamsPassMiddlewares(t *testing.T) {
	for _, test := range []struct {
		name   string
		m      middlewares
		header string // which the middleware sets; empty for none
	}{
		{"none", nil, ""},
		{"only Unwrap", middlewares{unwrapping}, ""},
		{"only Unwrap, five times", middlewares{unwrapping, unwrapping, unwrapping, unwrapping, unwrapping}, ""},
		{"Flush if possible", middlewares{polite}, ""},
		{"Flush that asserts", middlewares{rude}, ""},
		{"FlushError", middlewares{telling}, ""},
		{"Flush of another", middlewares{borrowing}, ""},
		{"Flush that unwraps to nil", middlewares{flushesOnly}, ""},
		{"header in WriteHeader", middlewares{deciding}, "X-Decided"},
		{"gzip in WriteHeader", middlewares{gzipHeader}, "Content-Encoding"},
		{"gzip at the first Flush with a body", middlewares{gzipBody}, "Content-Encoding"},
		{"http.MaxBytesHandler", middlewares{func(h http.Handler) http.Handler { return http.MaxBytesHandler(h, 1<<20) }}, ""},

		{"Flush if possible, around it only Unwrap", middlewares{polite, unwrapping}, ""},
		{"Flush if possible and Unwrap, around it only Unwrap", middlewares{politeOpen, unwrapping}, ""},
		{"Flush that asserts, around it only Unwrap", middlewares{rude, unwrapping}, ""},
		{"Flush that asserts and Unwrap, around it only Unwrap", middlewares{rudeOpen, unwrapping}, ""},
		{"FlushError, around it only Unwrap", middlewares{telling, unwrapping}, ""},
		{"header in WriteHeader, around it only Unwrap", middlewares{deciding, unwrapping}, "X-Decided"},
		{"gzip in WriteHeader, around it only Unwrap", middlewares{gzipHeader, unwrapping}, "Content-Encoding"},
		{"gzip at the first Flush, around it only Unwrap", middlewares{gzipBody, unwrapping}, "Content-Encoding"},
		{"within only Unwrap", middlewares{unwrapping, gzipHeader, polite}, "Content-Encoding"},
		{"one upon the other", middlewares{politeOpen, unwrapping, deciding, unwrapping, polite, unwrapping}, "X-Decided"},
	} {
		t.Run(test.name, func(t *testing.T) {
			inEachWay(t, test.m, func(t *testing.T, c *behind) {
				c.wantOthers(t)
				first := c.wantPosted(t, "s")
				res := c.request(t, http.MethodGet, "/stream?sessionId=s", "")
				if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" ||
					test.header != "" && res.Header.Get(test.header) == "" {
					t.Fatalf("%s, %v", res.Status, res.Header)
				}
				r := servertest.NewReader(t, res, res.Body)
				r.Want("connected", first)
				for range 3 {
					r.WantContents(c.wantPosted(t, "s"))
				}
				r.Want("session_deleted", servertest.DeleteSession(t, c.srv, "s"))
				r.WantEnd()
				wantFree(t, c.srv)
				if n := c.logged.count("level=ERROR"); n != 0 {
					t.Errorf("logged %.500q", c.logged.buf.String())
				}
			})
		})
	}
}

// The server refuses a stream at once if no flush would reach its client, and refuses
// nothing else.
func TestStreamsThatCannotPassAreRefused(t *testing.T) {
	for _, test := range []struct {
		name string
		m    middlewares
	}{
		{"neither", middlewares{hiding}},
		{"Unwrap to nil", middlewares{nowhere}},
		{"one that buffers", middlewares{buffered}},
		{"http.TimeoutHandler", middlewares{timing}},
		{"Flush if possible, around it neither", middlewares{polite, hiding}},
		{"Flush if possible and Unwrap, around it neither", middlewares{politeOpen, hiding}},
		{"Flush if possible, around it only Unwrap, and neither", middlewares{polite, unwrapping, hiding}},
		{"Flush that asserts, around it http.TimeoutHandler", middlewares{rude, timing}},
		{"gzip in WriteHeader, around it http.TimeoutHandler", middlewares{gzipHeader, timing}},
		{"gzip that only unwraps", middlewares{gzipUnwraps, unwrapping}},
	} {
		t.Run(test.name, func(t *testing.T) {
			inEachWay(t, test.m, func(t *testing.T, c *behind) {
				c.wantOthers(t)
				c.wantPosted(t, "s")
				res := c.request(t, http.MethodGet, "/stream?sessionId=s", "")
				if message := servertest.WantError(t, res, http.StatusInternalServerError, gen.RESTErrorTypeInternalError); !strings.Contains(message, "cannot flush") || !strings.Contains(message, "middleware") || strings.Contains(message, "(") {
					t.Errorf("message %q", message)
				}
				if res.Header.Get("X-Accel-Buffering") != "" || c.srv.Readers("s") != 0 || c.logged.count("level=ERROR") != 1 || c.logged.count("stream refused") != 1 {
					t.Errorf("header %v; logged %.500q", res.Header, c.logged.buf.String())
				}
				wantFree(t, c.srv)
				servertest.Until(t, "no reader of the log is left", func() bool { return c.log.Readers.Load() == 0 })
			})
		})
	}
}

// recovers is a middleware that answers for a handler that panics.
func recovers(h http.Handler) http.Handler {
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

// A failure that shows only at the flush cuts the connection. The client gets nothing that
// looks like a stream, and the log says why.
func TestStreamsThatFailAtTheFlushAreCut(t *testing.T) {
	for _, test := range []struct {
		name, logged string
		m            middlewares
	}{
		{"Flush panics", "by a middleware", middlewares{panicking, recovers}},
		{"Flush panics, around it only Unwrap", "by a middleware", middlewares{panicking, unwrapping, recovers}},
		{"FlushError, around it neither", "cannot flush", middlewares{telling, hiding, recovers}},
	} {
		t.Run(test.name, func(t *testing.T) {
			inEachWay(t, test.m, func(t *testing.T, c *behind) {
				c.wantOthers(t)
				c.wantPosted(t, "s")
				res, err := c.do(t, http.MethodGet, "/stream?sessionId=s", "")
				if err == nil || errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %+v, %v", res, err)
				}
				wantFree(t, c.srv)
				servertest.Until(t, "no reader of the log is left", func() bool { return c.log.Readers.Load() == 0 })
				if c.logged.count(test.logged) == 0 { // a client may repeat the request over another connection
					t.Errorf("logged %.500q", c.logged.buf.String())
				}
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
				for range 2 {
					res := c.request(t, http.MethodGet, "/stream?sessionId=s", "")
					servertest.WantError(t, res, http.StatusInternalServerError, gen.RESTErrorTypeInternalError)
					res = c.request(t, http.MethodPost, "/stream?sessionId=s", `{}`)
					servertest.WantError(t, res, http.StatusInternalServerError, gen.RESTErrorTypeInternalError)
				}
				if n := c.logged.count("unwraps to itself"); n != 4 {
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
	ts := servertest.Serve(t, gzipHeader(srv), servertest.SmallBuffers)
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
