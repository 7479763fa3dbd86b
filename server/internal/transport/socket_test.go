package transport_test

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/mixstream/mixstream/server/internal/transport"
)

// hijacked is a writer whose connection can be taken.
type hijacked struct {
	*writer
	conn   net.Conn
	during func()
}

func (h *hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if h.during != nil {
		h.during()
	}
	_ = h.conn.SetDeadline(time.Time{}) // as net/http does
	return h.conn, nil, nil
}

// detached returns the Socket over a connection.
func detached(t *testing.T, conn net.Conn, c *transport.Config) *transport.Socket {
	t.Helper()
	warned := 0
	s, err := response(t, &hijacked{newWriter(), conn, nil}, 1, c, &warned).Detach()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// note is a connection that notes what is done to it, and fails on demand.
type note struct {
	net.Conn
	mu     sync.Mutex
	done   []string
	began  time.Time
	fails  error
	during func()
}

func newNote() *note { return &note{began: time.Now()} }

func (c *note) add(s string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done = append(c.done, s)
}

func (c *note) Write(p []byte) (int, error) {
	c.add("write " + string(p))
	if c.during != nil {
		c.during()
	}
	if c.fails != nil {
		return 0, c.fails
	}
	return len(p), nil
}

func (c *note) setDeadline(of string, t time.Time) error {
	switch {
	case t.IsZero():
		c.add("no " + of + "deadline")
	case t.Before(c.began):
		c.add("past " + of)
	default:
		c.add(of + "deadline")
	}
	return nil
}

func (c *note) SetDeadline(time.Time) error        { return nil }
func (c *note) SetWriteDeadline(t time.Time) error { return c.setDeadline("", t) }
func (c *note) SetReadDeadline(t time.Time) error  { return c.setDeadline("read ", t) }
func (c *note) CloseWrite() error                  { c.add("half close"); return nil }
func (c *note) Close() error                       { c.add("close"); return nil }

func (c *note) want(t *testing.T, done ...string) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.Equal(c.done, done) {
		t.Errorf("done was\n%q, want\n%q", c.done, done)
	}
	c.done = nil
}

// notedSocket returns a Socket over a connection that notes.
func notedSocket(t *testing.T) (*note, *transport.Socket, *transport.Config) {
	t.Helper()
	conn, c := newNote(), newConfig()
	return conn, detached(t, conn, c), c
}

// A write that waits, pays or fails leaves no deadline: it would
// end the stream, or spoil its end.
func TestSocketLeavesNoDeadline(t *testing.T) {
	conn, s, c := notedSocket(t)
	if s.Raw() != nil {
		t.Fatal("a wrapped connection can be written to past its wrapper")
	}
	send(t, s, c, "abc")
	conn.want(t, "deadline", "write 3\r\nabc\r\n", "no deadline")
	send(t, s, c, "")
	conn.want(t)

	if out, err := s.Write(c.Clock.Now(), text("0123456789abcdef"), false); out || err != nil {
		t.Errorf("out: %t, %v", out, err)
	}
	conn.want(t) // a wrapped connection may wait
	if n := s.Owed(); n != 22 {
		t.Errorf("%d bytes are owed", n)
	}
	if out, err := s.Write(c.Clock.Now(), text("x"), true); out || err == nil {
		t.Error("a write while bytes are owed")
	}
	if err := s.Pay(); err != nil {
		t.Fatal(err)
	}
	conn.want(t, "deadline", "write 10\r\n0123456789abcdef\r\n", "no deadline")
	if s.Owed() != 0 || s.Pay() != nil {
		t.Error("it still owes")
	}
	conn.want(t)
	s.Close(true)
	conn.want(t, "deadline", "write 0\r\n\r\n", "no deadline", "half close")
	s.HangUp()
	conn.want(t, "close")
}

// After a write that failed, or that was not paid, nothing is written, not even the last chunk.
func TestSocketAfterFailure(t *testing.T) {
	boom := errors.New("boom")
	for name, fail := range map[string]func(*note, *transport.Socket, *transport.Config) error{
		"write": func(_ *note, s *transport.Socket, c *transport.Config) error {
			_, err := s.Write(c.Clock.Now(), text("a"), true)
			return err
		},
		"owed": func(_ *note, s *transport.Socket, c *transport.Config) error {
			if _, err := s.Write(c.Clock.Now(), text("a"), false); err != nil {
				return err
			}
			return s.Pay()
		},
	} {
		t.Run(name, func(t *testing.T) {
			conn, s, c := notedSocket(t)
			conn.fails = boom
			if err := fail(conn, s, c); !errors.Is(err, boom) || err.Error() != boom.Error() {
				t.Errorf("%v", err)
			}
			conn.want(t, "deadline", "write 1\r\na\r\n", "no deadline")
			conn.fails = nil
			for _, wait := range []bool{false, true} {
				if out, err := s.Write(c.Clock.Now(), text("b"), wait); out || err == nil {
					t.Error("another write succeeds")
				}
			}
			if s.Owed() != 0 && s.Pay() == nil {
				t.Error("Pay succeeds after a failed write")
			}
			s.Close(true)
			conn.want(t) // and no half close: the client would take it for an end
			if _, ok := s.Part(c.Clock.Now()); ok {
				t.Error("there is something to wait for")
			}
		})
	}
	t.Run("unpaid", func(t *testing.T) {
		conn, s, c := notedSocket(t)
		if _, err := s.Write(c.Clock.Now(), text("a"), false); err != nil {
			t.Fatal(err)
		}
		s.Close(true)
		conn.want(t, "half close")
	})
	t.Run("not in order", func(t *testing.T) {
		conn, s, _ := notedSocket(t)
		s.Close(false)
		conn.want(t, "half close")
	})
}

// An abort ends what waits, at once and for good.
func TestAbortedSocket(t *testing.T) {
	for name, wait := range map[string]bool{"write": true, "owed": false} {
		t.Run(name, func(t *testing.T) {
			conn, s, c := notedSocket(t)
			conn.fails, conn.during = os.ErrDeadlineExceeded, func() {
				s.Abort()
				s.Abort()
			}
			_, err := s.Write(c.Clock.Now(), text("a"), wait)
			if !wait && err == nil {
				err = s.Pay()
			}
			if !errors.Is(err, transport.ErrAborted) || err.Error() != os.ErrDeadlineExceeded.Error() {
				t.Errorf("%v", err)
			}
			conn.want(t, "deadline", "write 1\r\na\r\n", "past ", "past read ")
			s.Close(true)
			conn.want(t)
		})
	}
	t.Run("before", func(t *testing.T) {
		conn, s, c := notedSocket(t)
		if _, err := s.Write(c.Clock.Now(), text("a"), false); err != nil {
			t.Fatal(err)
		}
		s.Abort()
		conn.want(t, "past ", "past read ")
		if err := s.Pay(); !errors.Is(err, transport.ErrAborted) {
			t.Errorf("%v", err)
		}
		s.Close(true) // without the last chunk, since something is owed
		conn.want(t, "half close")
	})
	t.Run("idle", func(t *testing.T) {
		conn, s, c := notedSocket(t)
		s.Abort()
		conn.want(t, "past ", "past read ")
		for _, wait := range []bool{false, true} {
			if _, err := s.Write(c.Clock.Now(), text("a"), wait); !errors.Is(err, transport.ErrAborted) {
				t.Errorf("%v", err)
			}
		}
		s.Close(true)
		conn.want(t, "half close")
		if p, ok := s.Part(c.Clock.Now()); ok {
			p.Linger() // is over at once: it sets no deadline
		}
		conn.want(t)
	})
}

// An abort of the Response reaches the Socket, whenever it comes.
func TestAbortWhileDetaching(t *testing.T) {
	for _, when := range []string{"before", "during", "after"} {
		t.Run(when, func(t *testing.T) {
			conn, c, warned := newNote(), newConfig(), 0
			w := &hijacked{newWriter(), conn, nil}
			r := response(t, w, 1, c, &warned)
			switch when {
			case "before":
				r.Abort()
			case "during":
				w.during = r.Abort
			}
			s, err := r.Detach()
			if err != nil {
				t.Fatal(err)
			}
			if when == "after" {
				r.Abort() // by a caller that has the Response still
			}
			conn.want(t, "past ", "past read ")
			if _, err := s.Write(c.Clock.Now(), text("a"), false); !errors.Is(err, transport.ErrAborted) {
				t.Errorf("%v", err)
			}
		})
	}
	t.Run("at once", func(t *testing.T) {
		for range 200 {
			conn, c, warned := newNote(), newConfig(), 0
			r := response(t, &hijacked{newWriter(), conn, nil}, 1, c, &warned)
			var aborts sync.WaitGroup
			aborts.Go(r.Abort)
			s, err := r.Detach()
			if err != nil {
				t.Fatal(err)
			}
			aborts.Wait()
			if _, err := s.Write(c.Clock.Now(), text("a"), false); !errors.Is(err, transport.ErrAborted) {
				t.Fatal(err)
			}
		}
	})
}

// A response that cannot be taken stays what it is.
func TestDetachFails(t *testing.T) {
	w, c, warned := newWriter(), newConfig(), 0
	r := response(t, w, 1, c, &warned)
	if _, err := r.Detach(); !errors.Is(err, http.ErrNotSupported) {
		t.Fatalf("%v", err)
	}
	send(t, r, c, "a")
}
