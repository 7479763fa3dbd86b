package server_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/mix"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server"
)

const oneLine = `{"event":"content","data":{"type":"content","content":"x"}}` + "\n"

// connect opens a connection that is closed at the end of the test.
func connect(t *testing.T, ts *httptest.Server) (net.Conn, *bufio.Reader) {
	t.Helper()
	c, err := net.Dial("tcp", ts.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	return c, bufio.NewReader(c)
}

// A refusal does not wait for the body, which may never end, and nor does the end of the
// connection.
func TestRefusedWhileBodyIsOpen(t *testing.T) {
	chunked := "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n"
	stranger := newServer(t, server.WithPublishAuthorizer(func(*http.Request, string) error { return server.ErrUnauthorized }))
	ended := newServer(t, everyonePublishes)
	if err := ended.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		srv    *mix.Server
		header string
		status int
	}{
		"no token":          {stranger, chunked, http.StatusUnauthorized},
		"publishing is off": {newServer(t), chunked, http.StatusMethodNotAllowed},
		"shut down":         {ended, chunked, http.StatusServiceUnavailable},
		"no content type":   {newServer(t, everyonePublishes), "Transfer-Encoding: chunked\r\n", http.StatusUnsupportedMediaType},
		"too long a key":    {newServer(t, everyonePublishes), chunked + "Idempotency-Key: " + strings.Repeat("k", 300) + "\r\n", http.StatusBadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, in := connect(t, serve(t, c.srv))
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

// A stream whose request announces a body that does not come begins all the same.
func TestStreamWithBody(t *testing.T) {
	for name, srv := range map[string]*mix.Server{"attached": newAttachedServer(t), "detached": newServer(t, server.WithDetachedStreams(0))} {
		publish(t, srv, "s", "")
		conn, in := connect(t, serve(t, srv))
		fmt.Fprint(conn, "GET /stream?sessionId=s HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n")
		res, err := http.ReadResponse(in, nil)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Errorf("%s: %v, error %v", name, res, err)
			continue
		}
		if line, err := bufio.NewReader(res.Body).ReadString('\n'); line == "" {
			t.Errorf("%s: error %v", name, err)
		}
		shutNow(srv)
		wantFree(t, srv)
		res.Body.Close()
	}
}

// slowAppend is a log that takes its time to append.
type slowAppend struct {
	eventlog.Log
	began, goOn chan struct{}
}

func newSlowAppend() *slowAppend {
	return &slowAppend{eventlog.NewMemory(eventlog.Retention{}), make(chan struct{}), make(chan struct{})}
}

func (l *slowAppend) Append(ctx context.Context, s eventlog.Session, key *eventlog.Key, entries []eventlog.Entry) error {
	close(l.began)
	select {
	case <-l.goOn:
	case <-ctx.Done():
		return ctx.Err()
	}
	return l.Log.Append(ctx, s, key, entries)
}

// What has come whole is published, though the server shuts down meanwhile, and the
// connection is not used again.
func TestAppendOutlastsDrain(t *testing.T) {
	for _, mediaType := range []string{"application/json", "application/x-ndjson"} {
		log := newSlowAppend()
		srv := newServer(t, server.WithLog(log), everyonePublishes)
		conn, in := connect(t, serve(t, srv))
		fmt.Fprintf(conn, "POST /stream?sessionId=s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", mediaType, len(oneLine), oneLine)
		<-log.began
		if err := srv.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		time.Sleep(50 * time.Millisecond) // in which the request would be cancelled
		close(log.goOn)
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != http.StatusCreated || !res.Close {
			t.Errorf("%s: %s, and the connection is closed: %v", mediaType, res.Status, res.Close)
		}
		res.Body.Close()
	}
}

// The http.Server's WriteTimeout does not cut a publication that takes longer.
func TestPublishLongerThanWriteTimeout(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		ts := serve(t, newServer(t, everyonePublishes), func(ts *httptest.Server) {
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
		res, err := ts.Client().Post(streamURL(ts, "s"), "application/x-ndjson", body)
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

// The lines before one that is too long are published.
func TestLinesBeforeAnOverlongOne(t *testing.T) {
	ts := serve(t, newServer(t, everyonePublishes, server.WithMaxEventSize(100)))
	overlong := strings.Replace(oneLine, `"x"`, `"`+strings.Repeat("x", 6000)+`"`, 1)
	res, err := http.Post(streamURL(ts, "s"), "application/x-ndjson", strings.NewReader(strings.Repeat(oneLine, 200)+overlong))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if answer, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusRequestEntityTooLarge || !strings.Contains(string(answer), `"count":200`) {
		t.Errorf("%s: %s", res.Status, answer)
	}
}

// A body that comes too slowly may come again, and the answer has no addresses.
func TestBodyTooSlow(t *testing.T) {
	ts := serve(t, newServer(t, everyonePublishes), func(ts *httptest.Server) { ts.Config.ReadTimeout = 100 * time.Millisecond })
	body, in := io.Pipe()
	defer in.Close()
	res, err := http.Post(streamURL(ts, "s"), "application/x-ndjson", body)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if answer, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusServiceUnavailable || strings.Contains(string(answer), "127.0.0.1") {
		t.Errorf("%s: %s", res.Status, answer)
	}
}
