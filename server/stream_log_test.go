package server_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/mix"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server"
)

// lines waits until n lines of a message are logged, and returns them.
func (l *logged) lines(t *testing.T, message string, n int) (all []map[string]any) {
	t.Helper()
	for began := time.Now(); l.count(`"msg":"`+message+`"`) < n; time.Sleep(time.Millisecond) {
		if time.Since(began) > patience {
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

// exactly shows positions as JSON does not.
func exactly(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindUint64 {
		a.Value = slog.StringValue(a.Value.String())
	}
	return a
}

func TestStreamsAreLogged(t *testing.T) {
	var l logged
	srv := newServer(t, debugLog(&l))
	remotes := make(chan string, 10)
	ts := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		remotes <- r.RemoteAddr
		srv.ServeHTTP(w, r)
	}))
	first := publish(t, srv, "s", "the data")
	second := publish(t, srv, "s", "the data")
	r := open(t, ts, "s", first)
	r.want("connected", first)
	r.wantContents(second)
	remote := receive(t, remotes)
	opened := l.lines(t, "stream opened", 1)[0]
	if opened["level"] != "DEBUG" || opened["session"] != "s" || opened["remote"] != remote || opened["position"] != first || opened["resumed"] != true {
		t.Errorf("logged %v", opened)
	}
	r.close()
	ended := l.lines(t, "stream ended", 1)[0]
	if ended["level"] != "DEBUG" || ended["session"] != "s" || ended["remote"] != remote || ended["position"] != second || ended["reason"] != "client_left" || ended["events"] != 1.0 {
		t.Errorf("logged %v", ended)
	}
	if d, ok := ended["duration"].(float64); !ok || d <= 0 {
		t.Errorf("logged %v", ended)
	}
	get(t, ts, ts.URL+"/stream?sessionId=nobody&token=secret", "secret").Body.Close()
	refused := l.lines(t, "stream refused", 1)[0]
	if refused["level"] != "DEBUG" || refused["session"] != "nobody" || refused["status"] != 404.0 || refused["remote"] != receive(t, remotes) {
		t.Errorf("logged %v", refused)
	}
	if l.count("secret") > 0 || l.count("the data") > 0 {
		t.Errorf("logged %q", l.buf.String())
	}
}

// What is told of a client cannot be of any size, or pass for something else.
func TestHostileRequestsAreLoggedSafely(t *testing.T) {
	var l logged
	srv := newServer(t, debugLog(&l))
	ts := serve(t, srv)
	for _, session := range []string{strings.Repeat("x", 100_000), "a\nb", "\x00"} {
		get(t, ts, streamURL(ts, session)).Body.Close()
	}
	for _, line := range l.lines(t, "stream refused", 3) {
		if line["session"] != "" {
			t.Errorf("logged %.200v", line)
		}
	}
}

func TestLevelsOfEnds(t *testing.T) {
	for name, test := range map[string]struct {
		level, reason string
		opts          []server.Option
		end           func(t *testing.T, srv *mix.Server, log *faultyLog)
	}{
		"slow reader": {"WARN", "slow_reader", []server.Option{server.WithWriteTimeout(50 * time.Millisecond)},
			func(t *testing.T, srv *mix.Server, _ *faultyLog) {
				large := strings.Repeat("x", 512<<10)
				for range 20 {
					publish(t, srv, "s", large)
				}
			}},
		"log failed": {"ERROR", "log_failed", nil, func(t *testing.T, srv *mix.Server, log *faultyLog) {
			broken := errors.New("the reason")
			log.read.Store(broken)
			publish(t, srv, "s", "")
		}},
		"write failed": {"WARN", "write_failed", nil, func(t *testing.T, srv *mix.Server, _ *faultyLog) {
			publish(t, srv, "s", "spoilt")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var l logged
			events := &faultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
			srv := newServer(t, append(test.opts, debugLog(&l), server.WithLog(events))...)
			var h http.Handler = srv
			if name == "write failed" {
				h = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { srv.ServeHTTP(&fragile{ResponseWriter: w}, r) })
			}
			ts := serve(t, h, smallBuffers)
			publish(t, srv, "s", "")
			open(t, ts, "s").next()
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
