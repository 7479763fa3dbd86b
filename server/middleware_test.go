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

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/klauspost/compress/gzhttp"
	"github.com/klauspost/compress/zstd"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// wantLive expects that each event arrives before the next one is published, that a resume
// gets the rest, and that the server notices when the reader leaves. So no event is stuck
// in a buffer on the way.
func wantLive(t *testing.T, srv *mix.Server, session string, open func(lastEventID string) *servertest.Reader) {
	t.Helper()
	first := servertest.Publish(t, srv, session, "")
	r := open("")
	r.Want("connected", first)
	var ids []string
	for range 20 {
		ids = append(ids, servertest.Publish(t, srv, session, "x"))
		r.WantContents(ids[len(ids)-1])
	}
	r.Close()
	servertest.Until(t, "the server has noticed that the reader left", func() bool { return srv.Readers(session) == 0 })

	r = open(ids[9])
	r.Want("connected", ids[9])
	r.WantContents(ids[10:]...)
	r.Want("session_deleted", servertest.DeleteSession(t, srv, session))
	r.WantEnd()
}

// plain opens streams of a session with the client of the test server.
func plain(t *testing.T, ts *httptest.Server, target string) func(string) *servertest.Reader {
	return func(lastEventID string) *servertest.Reader { return servertest.OpenURL(t, ts, target, lastEventID) }
}

// Writers may be wrapped any number of times, as long as each has Unwrap.
func TestWrappedWriters(t *testing.T) {
	srv := servertest.NewServer(t)
	var h http.Handler = srv
	for range 5 {
		h = servertest.TapWriter(h, func([]byte) {})
	}
	ts := servertest.Serve(t, h)
	wantLive(t, srv, "s", plain(t, ts, servertest.StreamURL(ts, "s")))
}

func TestChi(t *testing.T) {
	srv := servertest.NewServer(t)
	r := chi.NewRouter()
	r.Use(middleware.RequestID, middleware.Recoverer, middleware.Compress(5), middleware.Throttle(100),
		middleware.RequestLogger(&middleware.DefaultLogFormatter{Logger: discardLogger{}, NoColor: true}))
	r.Mount("/api/v1", below(t, srv, "/api/v1"))
	r.Get("/health", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	ts := servertest.Serve(t, r)
	wantLive(t, srv, "s", plain(t, ts, ts.URL+"/api/v1/stream?sessionId=s"))
	servertest.WantError(t, servertest.Get(t, ts, ts.URL+"/api/v1/other"), http.StatusNotFound, gen.RESTErrorTypeNotFound)
	if res := servertest.Get(t, ts, ts.URL+"/health"); res.StatusCode != http.StatusTeapot {
		t.Errorf("the other route: %s", res.Status)
	}
}

type discardLogger struct{}

func (discardLogger) Print(...any) {}

// A middleware that compresses flushes with the stream, or leaves the stream alone.
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
			srv := servertest.NewServer(t)
			ts := servertest.Serve(t, test.wrap(srv))
			wantLive(t, srv, "s", func(lastEventID string) *servertest.Reader {
				req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, servertest.StreamURL(ts, "s"), nil)
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
				return servertest.NewReader(t, res, bufio.NewReaderSize(body, 16))
			})
		})
	}
}

// A compressor hides the errors of a flush. The server still drops a reader behind it that
// stops reading.
func TestGzipStuckReader(t *testing.T) {
	t.Parallel()
	srv := servertest.NewServer(t, server.WithTiming(server.Timing{WriteTimeout: 300 * time.Millisecond}))
	ts := servertest.Serve(t, gzhttp.GzipHandler(srv), servertest.SmallBuffers)
	servertest.Publish(t, srv, "s", "")
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
	servertest.Until(t, "the reader has come", func() bool { return srv.Readers("s") == 1 })
	random := rand.NewChaCha8([32]byte{})
	noise := make([]byte, 256<<10)
	for range 40 {
		_, _ = random.Read(noise)
		servertest.Publish(t, srv, "s", hex.EncodeToString(noise))
	}
	servertest.Until(t, "the reader is dropped", func() bool { return srv.Readers("s") == 0 })
}
