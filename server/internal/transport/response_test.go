package transport_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mixstream/mixstream/server/internal/clock"
	"github.com/mixstream/mixstream/server/internal/transport"
)

const timeout = 10 * time.Second

// writer is an http.ResponseWriter that notes what is done to it.
type writer struct {
	done      []string
	deadline  time.Time
	began     time.Time
	noControl bool // deadlines are not supported
	write     func() error
	flush     func() error
}

func newWriter() *writer { return &writer{began: time.Now()} }

func (*writer) Header() http.Header { return http.Header{} }
func (*writer) WriteHeader(int)     {}

func (w *writer) Write(p []byte) (int, error) {
	w.done = append(w.done, "write "+string(p))
	if w.write != nil {
		if err := w.write(); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

func (w *writer) FlushError() error {
	w.done = append(w.done, "flush")
	if w.flush != nil {
		return w.flush()
	}
	return nil
}

func (w *writer) SetWriteDeadline(t time.Time) error {
	if w.noControl {
		return http.ErrNotSupported
	}
	w.deadline = t
	switch {
	case t.IsZero():
		w.done = append(w.done, "no deadline")
	case t.Before(w.began):
		w.done = append(w.done, "past")
	default:
		w.done = append(w.done, "deadline "+t.Sub(w.began).String())
	}
	return nil
}

func (w *writer) want(t *testing.T, done ...string) {
	t.Helper()
	if !slices.Equal(w.done, done) {
		t.Errorf("done was\n%q, want\n%q", w.done, done)
	}
	w.done = nil
}

func request(major int) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.ProtoMajor = major
	return r
}

func newConfig() *transport.Config {
	return &transport.Config{Clock: clock.New(), WriteTimeout: timeout}
}

// response makes a Response whose writer notes; warned counts its warnings.
func response(t *testing.T, w http.ResponseWriter, major int, c *transport.Config, warned *int) *transport.Response {
	t.Helper()
	r, err := transport.NewResponse(w, request(major), c, func() { *warned++ })
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// send writes, and expects that all is out.
func send(t *testing.T, o transport.Out, c *transport.Config, s string) {
	t.Helper()
	if out, err := o.Write(c.Clock.Now(), text(s), true); !out || err != nil {
		t.Fatalf("out: %t, %v", out, err)
	}
}

// Each write has the write timeout, and not each sets a deadline, where one may stand.
func TestDeadlinesOfHTTP1(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, c, warned := newWriter(), newConfig(), 0
		r := response(t, w, 1, c, &warned)
		send(t, r, c, "a")
		w.want(t, "deadline 12.5s", "write a", "flush")
		time.Sleep(2500 * time.Millisecond)
		send(t, r, c, "b") // 10 s are left
		w.want(t, "write b", "flush")
		time.Sleep(time.Nanosecond)
		send(t, r, c, "c")
		w.want(t, "deadline 15.000000001s", "write c", "flush")
		time.Sleep(time.Hour) // it has passed, and the next write sets another
		send(t, r, c, "d")
		w.done = nil
		time.Sleep(5 * time.Second)
		r.Close(true)
		if left := time.Until(w.deadline); left != 12500*time.Millisecond {
			t.Errorf("the last chunk has %v", left)
		}
		if warned != 0 || r.Pay() != nil {
			t.Error("it has warned, or Pay fails")
		}
	})
}

// On HTTP/2 a deadline that stands would reset an idle stream.
func TestDeadlinesOfHTTP2(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, c, warned := newWriter(), newConfig(), 0
		r := response(t, w, 2, c, &warned)
		send(t, r, c, "a")
		w.want(t, "deadline 10s", "write a", "flush", "no deadline")
		r.Close(true)
		w.want(t)

		// A panic leaves no deadline either.
		w.flush = func() error { panic("boom") }
		func() {
			defer func() {
				if v := recover(); v != "boom" {
					t.Errorf("panicked with %v", v)
				}
			}()
			_, _ = r.Write(c.Clock.Now(), text("b"), true)
		}()
		w.want(t, "deadline 10s", "write b", "flush")
		r.Close(false)
		w.want(t, "no deadline")
	})
}

func TestNoDeadlines(t *testing.T) {
	c, warned := newConfig(), 0
	for range 2 { // once for all
		w := newWriter()
		w.noControl = true
		r := response(t, w, 1, c, &warned)
		send(t, r, c, "a")
		send(t, r, c, "b")
		w.want(t, "write a", "flush", "write b", "flush")
		r.Abort()
		r.Close(true)
		if _, err := r.Write(c.Clock.Now(), text("c"), true); !errors.Is(err, transport.ErrAborted) {
			t.Errorf("%v", err)
		}
	}
	if warned != 1 {
		t.Errorf("warned %d times", warned)
	}
}

func TestEmptyWrite(t *testing.T) {
	w, c, warned := newWriter(), newConfig(), 0
	send(t, response(t, w, 1, c, &warned), c, "")
	w.want(t)
}

// After a write that failed nothing is written.
func TestFailedResponse(t *testing.T) {
	boom := errors.New("boom")
	for name, fail := range map[string]func(*writer){
		"write": func(w *writer) { w.write = func() error { return boom } },
		"flush": func(w *writer) { w.flush = func() error { return boom } },
	} {
		t.Run(name, func(t *testing.T) {
			w, c, warned := newWriter(), newConfig(), 0
			r := response(t, w, 2, c, &warned)
			fail(w)
			if out, err := r.Write(c.Clock.Now(), text("a"), true); out || err != boom { //nolint:errorlint // as it is
				t.Errorf("out: %t, %v", out, err)
			}
			w.write, w.flush, w.done = nil, nil, nil
			if out, err := r.Write(c.Clock.Now(), text("b"), true); out || err == nil {
				t.Error("another write succeeds")
			}
			w.want(t)
			r.Close(true)
			w.want(t, "no deadline")
		})
	}
}

// An abort ends a write that waits, and the write says so: the deadline that has ended it is
// not that of a slow reader.
func TestAbortedResponse(t *testing.T) {
	for _, major := range []int{1, 2} {
		w, c, warned := newWriter(), newConfig(), 0
		r := response(t, w, major, c, &warned)
		w.flush = func() error {
			w.done = nil
			r.Abort()
			r.Abort()
			return os.ErrDeadlineExceeded
		}
		_, err := r.Write(c.Clock.Now(), text("a"), true)
		if !errors.Is(err, transport.ErrAborted) || !errors.Is(err, os.ErrDeadlineExceeded) || err.Error() != os.ErrDeadlineExceeded.Error() {
			t.Errorf("%v", err)
		}
		r.Close(true)
		w.want(t, "past") // and nothing else moves the deadline
		if _, err := r.Write(c.Clock.Now(), text("b"), true); err == nil {
			t.Error("another write succeeds")
		}
		w.want(t)
	}
}

// An abort that comes while the deadline moves is found by the write that the deadline ends.
func TestAbortBeforeDeadline(t *testing.T) {
	w, c, warned := newWriter(), newConfig(), 0
	g := newGate()
	r := response(t, &gatedWriter{w, g}, 2, c, &warned)
	w.flush = func() error {
		go r.Abort()
		return g.end()
	}
	if _, err := r.Write(c.Clock.Now(), text("a"), true); !errors.Is(err, transport.ErrAborted) {
		t.Errorf("the Response says %v", err)
	}

	conn, g := newNote(), newGate()
	s := detached(t, &gatedConn{conn, g}, c)
	conn.fails, conn.during = os.ErrDeadlineExceeded, func() {
		go s.Abort()
		_ = g.end()
	}
	if _, err := s.Write(c.Clock.Now(), text("a"), true); !errors.Is(err, transport.ErrAborted) {
		t.Errorf("the Socket says %v", err)
	}
}

// gate lets a write end as soon as its deadline has passed, before what sets the deadline
// returns.
type gate struct{ passed, ended chan struct{} }

func newGate() gate { return gate{make(chan struct{}), make(chan struct{})} }

func (g gate) set(t time.Time) error {
	if !t.IsZero() && t.Before(time.Now()) {
		close(g.passed)
		<-g.ended
	}
	return nil
}

// end ends a write.
func (g gate) end() error {
	<-g.passed
	close(g.ended)
	return os.ErrDeadlineExceeded
}

type gatedWriter struct {
	*writer
	gate gate
}

func (w *gatedWriter) SetWriteDeadline(t time.Time) error { return w.gate.set(t) }

type gatedConn struct {
	*note
	gate gate
}

func (c *gatedConn) SetWriteDeadline(t time.Time) error { return c.gate.set(t) }
