package server_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/gen"
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

func TestFailuresAreLogged(t *testing.T) {
	var l logged
	srv := newServer(t, l.option(), server.WithLog(&faultyLog{
		Log:    eventlog.NewMemory(eventlog.Retention{}),
		follow: errors.New("the reason"),
	}))
	ts := serve(t, srv)
	wantError(t, get(t, ts, streamURL(ts, "s")), http.StatusInternalServerError, gen.RESTErrorTypeInternalError)
	if l.count("the reason") != 1 || l.count("session=s remote=127.0.0.1:") != 1 {
		t.Errorf("logged %q", l.buf.String())
	}
}

// Where a ResponseWriter has no deadlines, streams go on, and one warning says so.
func TestNoDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l logged
		srv := newServer(t, l.option())
		publish(t, srv, "s", "")
		without := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			srv.ServeHTTP(flushOnly{hidden{w}}, r)
		})
		for range 3 {
			r := record(without, "s", "")
			publish(t, srv, "s", "")
			if n := len(r.events()); n != 2 {
				t.Errorf("%d events", n)
			}
			r.leave()
		}
		if l.count("level=WARN") != 1 || l.count("level=") != 1 {
			t.Errorf("logged %q", l.buf.String())
		}
	})
}

// That clients leave is nothing to log.
func TestLeavingIsNotLogged(t *testing.T) {
	var l logged
	srv := newServer(t, l.option())
	ts := serve(t, srv)
	publish(t, srv, "s", "")
	for range 20 {
		r := open(t, ts, "s")
		r.next()
		go r.close()
		publishN(t, srv, "s", 20)
	}
	ts.Close()
	if l.count("level=") != 0 {
		t.Errorf("logged %q", l.buf.String())
	}
}
