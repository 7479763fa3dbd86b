package middlewares_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
	"github.com/mixstream/mixstream/sse"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/alexedwards/scs/v2/memstore.(*MemStore).startCleanup"))
}

// patience is how long a test waits.
const patience = 20 * time.Second

// behind is a server behind a middleware.
type behind struct {
	t   *testing.T
	srv *mix.Server
	ts  *httptest.Server
}

// put puts a server behind a middleware.
func put(t *testing.T, around func(http.Handler) http.Handler, h2, detached bool) *behind {
	opts := []server.Option{
		server.WithTiming(server.Timing{Heartbeat: time.Hour}), // so that no heartbeat pushes an event out
		server.WithPublishAuthorizer(func(*http.Request, string) error { return nil }),
		server.WithLogger(slog.New(slog.DiscardHandler)),
	}
	if detached {
		opts = append(opts, server.WithDetachedStreams())
	}
	srv, err := mix.NewServer(opts...)
	if err != nil {
		t.Fatal(err)
	}
	ts := httptest.NewUnstartedServer(around(srv))
	ts.Config.ErrorLog = log.New(io.Discard, "", 0)
	if ts.EnableHTTP2 = h2; h2 {
		ts.StartTLS()
	} else {
		ts.Start()
	}
	t.Cleanup(ts.Close)
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = srv.Shutdown(ctx) // ends the streams at once
	})
	return &behind{t, srv, ts}
}

// do sends a request.
func (b *behind) do(method, target, contentType, body string) *http.Response {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), patience)
	b.t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, method, b.ts.URL+target, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	req.Header.Set("Accept-Encoding", "gzip") // set by hand, so that the client does not decode the body
	res, err := b.ts.Client().Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { res.Body.Close() })
	return res
}

// decoded returns the body, decoded according to its Content-Encoding.
func (b *behind) decoded(res *http.Response) io.Reader {
	b.t.Helper()
	switch coding := res.Header.Get("Content-Encoding"); coding {
	case "":
		return res.Body
	case "gzip":
		z, err := gzip.NewReader(res.Body)
		if err != nil {
			b.t.Fatal(err)
		}
		return z
	default:
		b.t.Fatalf("Content-Encoding %q", coding)
		return nil
	}
}

// wantError expects an ErrorResponse.
func (b *behind) wantError(res *http.Response, status int) (message string) {
	b.t.Helper()
	body, err := io.ReadAll(b.decoded(res))
	if err != nil {
		b.t.Fatal(err)
	}
	var e gen.ErrorResponse
	if err := json.Unmarshal(body, &e); err != nil || res.StatusCode != status || e.Error.Code != status {
		b.t.Fatalf("%s, %q, %v; want %d", res.Status, body, err, status)
	}
	return e.Error.Message
}

// wantOthers expects that everything except streams works.
func (b *behind) wantOthers() {
	b.t.Helper()
	b.wantError(b.do(http.MethodGet, "/stream?sessionId=nobody", "", ""), http.StatusNotFound)
	b.wantError(b.do(http.MethodGet, "/stream", "", ""), http.StatusBadRequest)
	b.wantError(b.do(http.MethodPost, "/stream?sessionId=s", "application/json", `{}`), http.StatusBadRequest)
	b.wantError(b.do(http.MethodPost, "/stream?sessionId=s", "text/plain", "x"), http.StatusUnsupportedMediaType)
	b.post("posted", 1)
	b.post("posted", 3)
}

// post publishes over HTTP: one event as JSON, or several as lines. It returns the last id.
func (b *behind) post(session string, events int) (id string) {
	b.t.Helper()
	const event = `{"event":"content","data":{"type":"content","content":"x"}}` + "\n"
	contentType := "application/json"
	if events > 1 {
		contentType = "application/x-ndjson"
	}
	res := b.do(http.MethodPost, "/stream?sessionId="+session, contentType, strings.Repeat(event, events))
	var result client.PublishResult
	if err := json.NewDecoder(b.decoded(res)).Decode(&result); err != nil || res.StatusCode != http.StatusCreated || result.Count != events {
		b.t.Fatalf("%s, %+v, %v", res.Status, result, err)
	}
	return result.LastID
}

// stream reads an open stream.
type stream struct {
	t    *testing.T
	dec  *sse.Decoder
	read int // decoded bytes
}

func (s *stream) from(body io.Reader) { s.dec = sse.NewDecoder(countingReader{body, &s.read}) }

type countingReader struct {
	from io.Reader
	n    *int
}

func (c countingReader) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	*c.n += n
	return n, err
}

func (s *stream) want(name, id string) {
	s.t.Helper()
	if e, err := s.dec.Next(); err != nil || e.Name != name || string(e.ID) != id {
		s.t.Fatalf("got %s with id %s, %v; want %s with id %s", e.Name, e.ID, err, name, id)
	}
}

func (s *stream) wantEnd() {
	s.t.Helper()
	if e, err := s.dec.Next(); !errors.Is(err, io.EOF) {
		s.t.Fatalf("got %+v, %v; want the end", e, err)
	}
}

// until waits for a condition.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}
