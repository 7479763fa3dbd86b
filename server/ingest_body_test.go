package server_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// A refusal does not wait for the body, which may never end, and nor does the end of the
// connection.
func TestRefusedWhileBodyIsOpen(t *testing.T) {
	chunked := "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n"
	stranger := servertest.NewServer(t, server.WithPublishAuthorizer(func(*http.Request, string) error { return server.ErrUnauthorized }))
	ended := servertest.NewServer(t, everyonePublishes)
	if err := ended.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		srv    *mix.Server
		header string
		status int
	}{
		"no token":          {stranger, chunked, http.StatusUnauthorized},
		"publishing is off": {servertest.NewServer(t), chunked, http.StatusMethodNotAllowed},
		"shut down":         {ended, chunked, http.StatusServiceUnavailable},
		"no content type":   {servertest.NewServer(t, everyonePublishes), "Transfer-Encoding: chunked\r\n", http.StatusUnsupportedMediaType},
		"too long a key":    {servertest.NewServer(t, everyonePublishes), chunked + "Idempotency-Key: " + strings.Repeat("k", 300) + "\r\n", http.StatusBadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, in := connect(t, servertest.Serve(t, c.srv))
			fmt.Fprintf(conn, "POST /stream?sessionId=s HTTP/1.1\r\nHost: x\r\n%s\r\n1\r\n\n\r\n", c.header)
			res, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if res.StatusCode != c.status {
				t.Errorf("got %s", res.Status)
			}
			if _, err := io.Copy(io.Discard, in); err != nil { // up to the end of the connection
				t.Errorf("the connection: %v", err)
			}
		})
	}
}

// The http.Server's WriteTimeout does not cut a publication that takes longer.
func TestPublishLongerThanWriteTimeout(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		ts := servertest.Serve(t, servertest.NewServer(t, everyonePublishes), func(ts *httptest.Server) {
			ts.EnableHTTP2 = http2
			ts.Config.WriteTimeout = 200 * time.Millisecond
		})
		body, in := io.Pipe()
		go func() {
			for range 5 {
				_, _ = io.WriteString(in, oneLine)
				time.Sleep(100 * time.Millisecond)
			}
			in.Close()
		}()
		res, err := ts.Client().Post(servertest.StreamURL(ts, "s"), "application/x-ndjson", body)
		if err != nil {
			t.Errorf("HTTP/2 %v: %v", http2, err)
			continue
		}
		if answer, _ := io.ReadAll(res.Body); !strings.Contains(string(answer), `"count":5`) {
			t.Errorf("HTTP/2 %v: %s", http2, answer)
		}
		res.Body.Close()
	}
}

// A body that comes too slowly may come again, and the answer has no addresses.
func TestBodyTooSlow(t *testing.T) {
	ts := servertest.Serve(t, servertest.NewServer(t, everyonePublishes), func(ts *httptest.Server) { ts.Config.ReadTimeout = 100 * time.Millisecond })
	body, in := io.Pipe()
	defer in.Close()
	res, err := http.Post(servertest.StreamURL(ts, "s"), "application/x-ndjson", body)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if answer, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusServiceUnavailable || strings.Contains(string(answer), "127.0.0.1") {
		t.Errorf("%s: %s", res.Status, answer)
	}
}

// A body that trickles what is no event ends, over HTTP/1.1 and HTTP/2, and tells how far
// it came.
func TestTrickledBodyEnds(t *testing.T) {
	for name, c := range map[string]struct {
		mediaType, first, text string
		published              int
	}{
		"blank lines": {ndjsonType, contentLine("a"), " \t\r\n", 1},
		"a line":      {ndjsonType, contentLine("a") + `{"event":"content"`, " ", 1},
		"an event":    {jsonType, `{"event":"content"`, "\n", 0},
	} {
		for _, http2 := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, HTTP/2 %v", name, http2), func(t *testing.T) {
				t.Parallel()
				ts := servertest.Serve(t, servertest.NewServer(t, everyonePublishes, server.WithTiming(server.Timing{PublishIdleTimeout: 500 * time.Millisecond}), server.WithLimits(server.Limits{Publishes: 1})),
					func(ts *httptest.Server) { ts.EnableHTTP2 = http2 })
				body, in := io.Pipe()
				done := make(chan struct{})
				go func() { defer close(done); trickle(in, c.first, c.text) }()
				got := post(t, ts, "s", c.mediaType, "", body)
				body.Close()
				<-done
				line := fmt.Sprintf("503 unavailable line 0, %d published: the body brought no whole event within 500ms", c.published)
				if got.String() != line || got.header.Get("Retry-After") == "" {
					t.Error(got)
				}
				// The only place is free again.
				if got := post(t, ts, "s", jsonType, "", strings.NewReader(oneLine)); got.status != http.StatusCreated {
					t.Errorf("after it: %v", got)
				}
			})
		}
	}
}
