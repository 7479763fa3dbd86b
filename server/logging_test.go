package server_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
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

func TestFailuresAreLogged(t *testing.T) {
	var l logged
	_, ts := servertest.Start(t, l.option(), server.WithLog(&servertest.FaultyLog{
		Log:       eventlog.NewMemory(eventlog.Retention{}),
		FollowErr: errors.New("the reason"),
	}))
	servertest.WantError(t, servertest.Get(t, ts, servertest.StreamURL(ts, "s")), http.StatusInternalServerError, gen.RESTErrorTypeInternalError)
	if l.count("the reason") != 1 || l.count("session=s remote=127.0.0.1:") != 1 {
		t.Errorf("logged %q", l.buf.String())
	}
}

// The server logs nothing about clients that leave.
func TestLeavingIsNotLogged(t *testing.T) { servertest.BothModes(t, testLeavingIsNotLogged) }

func testLeavingIsNotLogged(t *testing.T, mode servertest.Mode) {
	var l logged
	srv, ts := mode.Start(t, l.option())
	servertest.Publish(t, srv, "s", "")
	for range 20 {
		r := servertest.Open(t, ts, "s")
		r.Next()
		go r.Close()
		servertest.PublishN(t, srv, "s", 20)
	}
	ts.Close()
	if l.count("level=") != 0 {
		t.Errorf("logged %q", l.buf.String())
	}
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

func TestLevelsOfEnds(t *testing.T) { servertest.BothModes(t, testLevelsOfEnds) }

func testLevelsOfEnds(t *testing.T, mode servertest.Mode) {
	for name, test := range map[string]struct {
		level, reason string
		opts          []server.Option
		end           func(t *testing.T, srv *mix.Server, log *servertest.FaultyLog)
	}{
		"slow reader": {"WARN", "slow_reader", []server.Option{server.WithTiming(server.Timing{WriteTimeout: 50 * time.Millisecond})},
			func(t *testing.T, srv *mix.Server, _ *servertest.FaultyLog) {
				large := strings.Repeat("x", 512<<10)
				for range 20 {
					servertest.Publish(t, srv, "s", large)
				}
			}},
		"log failed": {"ERROR", "log_failed", nil, func(t *testing.T, srv *mix.Server, log *servertest.FaultyLog) {
			broken := errors.New("the reason")
			log.ReadErr.Store(broken)
			servertest.Publish(t, srv, "s", "")
		}},
		"write failed": {"WARN", "write_failed", nil, func(t *testing.T, srv *mix.Server, _ *servertest.FaultyLog) {
			servertest.Publish(t, srv, "s", "spoilt")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var l logged
			events := &servertest.FaultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
			srv := mode.NewServer(t, append(test.opts, debugLog(&l), server.WithLog(events))...)
			var h http.Handler = srv
			if name == "write failed" {
				h = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { srv.ServeHTTP(&fragile{ResponseWriter: w}, r) })
			}
			ts := servertest.Serve(t, h, servertest.SmallBuffers)
			servertest.Publish(t, srv, "s", "")
			servertest.Open(t, ts, "s").Next()
			test.end(t, srv, events)
			line := l.lines(t, "stream ended", 1)[0]
			if line["level"] != test.level || line["reason"] != test.reason || line["error"] == nil || line["session"] != "s" {
				t.Errorf("logged %v", line)
			}
			if l.count(`"level":"`+test.level+`"`) != 1 {
				t.Errorf("logged %q", l.buf.String())
			}
		})
	}
}
