package server_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

// logged collects what a server logs.
type logged struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logged) count(s string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.buf.String(), s)
}

func (l *logged) option() server.Option {
	return server.WithLogger(slog.New(slog.NewTextHandler(l, nil)))
}

// lines waits until n lines of a message are logged, and returns them.
func (l *logged) lines(t *testing.T, message string, n int) (all []map[string]any) {
	t.Helper()
	for began := time.Now(); l.count(`"msg":"`+message+`"`) < n; time.Sleep(time.Millisecond) {
		if time.Since(began) > servertest.Patience {
			t.Fatalf("logged %q, want %q %d times", l.buf.String(), message, n)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range bytes.Lines(l.buf.Bytes()) {
		var fields map[string]any
		if err := json.Unmarshal(line, &fields); err != nil {
			t.Fatal(err)
		}
		if fields["msg"] == message {
			all = append(all, fields)
		}
	}
	return all
}

func debugLog(l *logged) server.Option {
	return server.WithLogger(slog.New(slog.NewJSONHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: exactly})))
}

// exactly logs positions as text, because JSON numbers lose digits.
func exactly(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindUint64 {
		a.Value = slog.StringValue(a.Value.String())
	}
	return a
}

func TestStreamsAreLogged(t *testing.T) { servertest.BothModes(t, testStreamsAreLogged) }

func testStreamsAreLogged(t *testing.T, mode servertest.Mode) {
	var l logged
	srv := mode.NewServer(t, debugLog(&l))
	remotes := make(chan string, 10)
	ts := servertest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		remotes <- r.RemoteAddr
		srv.ServeHTTP(w, r)
	}))
	first := servertest.Publish(t, srv, "s", "the data")
	second := servertest.Publish(t, srv, "s", "the data")
	r := servertest.Open(t, ts, "s", first)
	r.Want("connected", first)
	r.WantContents(second)
	remote := servertest.Receive(t, remotes)
	opened := l.lines(t, "stream opened", 1)[0]
	if opened["level"] != "DEBUG" || opened["session"] != "s" || opened["remote"] != remote || opened["position"] != first || opened["resumed"] != true {
		t.Errorf("logged %v", opened)
	}
	r.Close()
	ended := l.lines(t, "stream ended", 1)[0]
	if ended["level"] != "DEBUG" || ended["session"] != "s" || ended["remote"] != remote || ended["position"] != second || ended["reason"] != "client_left" || ended["events"] != 1.0 {
		t.Errorf("logged %v", ended)
	}
	if d, ok := ended["duration"].(float64); !ok || d <= 0 {
		t.Errorf("logged %v", ended)
	}
	servertest.Get(t, ts, ts.URL+"/stream?sessionId=nobody&token=secret", "secret").Body.Close()
	refused := l.lines(t, "stream refused", 1)[0]
	if refused["level"] != "DEBUG" || refused["session"] != "nobody" || refused["status"] != 404.0 || refused["remote"] != servertest.Receive(t, remotes) {
		t.Errorf("logged %v", refused)
	}
	if l.count("secret") > 0 || l.count("the data") > 0 {
		t.Errorf("logged %q", l.buf.String())
	}
}

// What the server logs of a client is bounded and cannot pass for something else.
func TestHostileRequestsAreLoggedSafely(t *testing.T) {
	var l logged
	_, ts := servertest.Start(t, debugLog(&l))
	for _, session := range []string{strings.Repeat("x", 100_000), "a\nb", "\x00"} {
		servertest.Get(t, ts, servertest.StreamURL(ts, session)).Body.Close()
	}
	for _, line := range l.lines(t, "stream refused", 3) {
		if line["session"] != "" {
			t.Errorf("logged %.200v", line)
		}
	}
}
