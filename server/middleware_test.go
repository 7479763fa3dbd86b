package server_test

import (
	"bufio"
	"compress/gzip"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/mixstream/mixstream/mix"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/klauspost/compress/gzhttp"
	"github.com/klauspost/compress/zstd"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/server"
	"github.com/mixstream/mixstream/sse"
)

// wantLive expects that each event arrives before the next one is published, that
// a resume gives the rest, and that the server notices when the reader leaves. No
// event may be stuck in a buffer on the way.
func wantLive(t *testing.T, srv *mix.Server, session string, open func(lastEventID string) *reader) {
	t.Helper()
	first := publish(t, srv, session, "")
	r := open("")
	r.want("connected", first)
	var ids []string
	for range 20 {
		ids = append(ids, publish(t, srv, session, "x"))
		r.wantContents(ids[len(ids)-1])
	}
	r.close()
	until(t, "the server has noticed that the reader left", func() bool { return srv.Readers(session) == 0 })

	r = open(ids[9])
	r.want("connected", ids[9])
	r.wantContents(ids[10:]...)
	r.want("session_deleted", remove(t, srv, session))
	r.wantEnd()
}

// plain opens streams of a session over the client of the test server.
func plain(t *testing.T, ts *httptest.Server, target string) func(string) *reader {
	return func(lastEventID string) *reader { return openURL(t, ts, target, lastEventID) }
}

// Writers may be wrapped any number of times, as long as they can be unwrapped.
func TestWrappedWriters(t *testing.T) {
	srv := newServer(t)
	var h http.Handler = srv
	for range 5 {
		h = writes(h, func([]byte) {})
	}
	ts := serve(t, h)
	wantLive(t, srv, "s", plain(t, ts, streamURL(ts, "s")))
}

func TestChi(t *testing.T) {
	srv := newServer(t)
	r := chi.NewRouter()
	r.Use(middleware.RequestID, middleware.Recoverer, middleware.Compress(5), middleware.Throttle(100),
		middleware.RequestLogger(&middleware.DefaultLogFormatter{Logger: discardLogger{}, NoColor: true}))
	r.Mount("/api/v1", below(t, srv, "/api/v1"))
	r.Get("/health", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	ts := serve(t, r)
	wantLive(t, srv, "s", plain(t, ts, ts.URL+"/api/v1/stream?sessionId=s"))
	wantError(t, get(t, ts, ts.URL+"/api/v1/other"), http.StatusNotFound, gen.RESTErrorTypeNotFound)
	if res := get(t, ts, ts.URL+"/health"); res.StatusCode != http.StatusTeapot {
		t.Errorf("the other route: %s", res.Status)
	}
}

type discardLogger struct{}

func (discardLogger) Print(...any) {}

// A middleware that compresses flushes with the stream, which it keeps a compressor
// for; or it leaves the stream alone.
func TestGzip(t *testing.T) {
	unzip := func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }
	unzstd := func(r io.Reader) (io.Reader, error) { return zstd.NewReader(r, zstd.WithDecoderConcurrency(1)) }
	streamsExcluded, err := gzhttp.NewWrapper(gzhttp.ExceptContentTypes([]string{"text/event-stream"}))
	if err != nil {
		t.Fatal(err)
	}
	all, err := gzhttp.NewWrapper()
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		wrap             func(http.Handler) http.HandlerFunc
		accept, encoding string
		decode           func(io.Reader) (io.Reader, error)
	}{
		"gzip":          {all, "gzip", "gzip", unzip},
		"zstd":          {all, "zstd, gzip", "zstd", unzstd},
		"not asked for": {all, "identity", "", nil},
		"excluded":      {streamsExcluded, "zstd, gzip", "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			srv := newServer(t)
			ts := serve(t, test.wrap(srv))
			wantLive(t, srv, "s", func(lastEventID string) *reader {
				req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, streamURL(ts, "s"), nil)
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("Accept-Encoding", test.accept)
				req.Header.Set("Last-Event-ID", lastEventID)
				res, err := ts.Client().Do(req)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { res.Body.Close() })
				if got := res.Header.Get("Content-Encoding"); got != test.encoding || res.StatusCode != http.StatusOK {
					t.Fatalf("%s, Content-Encoding %q, want %q", res.Status, got, test.encoding)
				}
				body := io.Reader(res.Body)
				if test.decode != nil {
					if body, err = test.decode(res.Body); err != nil {
						t.Fatal(err)
					}
				}
				return &reader{t: t, res: res, dec: sse.NewDecoder(bufio.NewReaderSize(body, 16))}
			})
		})
	}
}

// Behind a compressor, which hides the errors of a flush, a reader that stops
// reading is dropped as well.
func TestGzipStuckReader(t *testing.T) {
	srv := newServer(t, server.WithWriteTimeout(300*time.Millisecond))
	ts := serve(t, gzhttp.GzipHandler(srv), smallBuffers)
	publish(t, srv, "s", "")
	conn, err := net.Dial("tcp", ts.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET /stream?sessionId=s HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n")
	status, err := bufio.NewReaderSize(conn, 16).ReadString('\n')
	if err != nil || status != "HTTP/1.1 200 OK\r\n" {
		t.Fatalf("%q, %v", status, err)
	}
	until(t, "the reader has come", func() bool { return srv.Readers("s") == 1 })
	random := rand.NewChaCha8([32]byte{})
	noise := make([]byte, 256<<10)
	for range 40 {
		_, _ = random.Read(noise)
		publish(t, srv, "s", hex.EncodeToString(noise))
	}
	until(t, "the reader is dropped", func() bool { return srv.Readers("s") == 0 })
}
