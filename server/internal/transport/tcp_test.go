//go:build unix

package transport_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mixstream/mixstream/server/internal/clock"
	"github.com/mixstream/mixstream/server/internal/transport"
)

const patience = 20 * time.Second

// dial returns the Socket of a response over TCP, and its client with the body.
func dial(t *testing.T, c *transport.Config) (s *transport.Socket, client *net.TCPConn, body io.Reader) {
	t.Helper()
	sockets := make(chan *transport.Socket, 1)
	ts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		res, err := transport.NewResponse(w, r, c, func() { t.Error("warned") })
		if err != nil {
			t.Error(err)
			return
		}
		if _, err := res.Write(c.Clock.Now(), text("first"), true); err != nil {
			t.Error(err)
		}
		s, err := res.Detach()
		if err != nil {
			t.Error(err)
		}
		sockets <- s
	}))
	defer ts.Close()
	conn, err := net.Dial("tcp", ts.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	client = conn.(*net.TCPConn)
	_ = client.SetReadBuffer(32 << 10)
	_ = client.SetDeadline(time.Now().Add(patience))
	fmt.Fprint(client, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	s = <-sockets
	t.Cleanup(s.HangUp)
	res, err := http.ReadResponse(bufio.NewReader(client), nil)
	if err != nil {
		t.Fatal(err)
	}
	first := make([]byte, len("first"))
	if _, err := io.ReadFull(res.Body, first); err != nil || string(first) != "first" {
		t.Fatalf("%q, %v", first, err)
	}
	return s, client, res.Body
}

func small(writeTimeout time.Duration) *transport.Config {
	c := newConfig()
	c.WriteTimeout, c.SendBuffer = writeTimeout, 16<<10
	return c
}

// fill writes, without waiting, until the client's side takes no more, and returns the payload
// of all writes.
func fill(t *testing.T, s *transport.Socket, c *transport.Config) (sent []byte) {
	t.Helper()
	for i := 0; ; i++ {
		payload := bytes.Repeat([]byte{byte('a' + i%26)}, 20_003)
		b := &buffer{bytes.Clone(payload)}
		out, err := s.Write(c.Clock.Now(), b, false)
		if err != nil {
			t.Fatal(err)
		}
		sent = append(sent, payload...)
		b.spoil() // the buffer is the next writer's
		if !out {
			return sent
		}
	}
}

// What a socket does not take is owed, as a copy, and all of it comes in order, in chunks.
func TestOwedOverTCP(t *testing.T) {
	c := small(patience)
	s, client, body := dial(t, c)
	for range 3 {
		sent := fill(t, s, c)
		if n := s.Owed(); n == 0 || n > 20_013 {
			t.Fatalf("%d bytes are owed", n)
		}
		paid := make(chan error, 1)
		go func() { paid <- s.Pay() }()
		got := make([]byte, len(sent))
		if _, err := io.ReadFull(body, got); err != nil {
			t.Fatal(err)
		}
		if err := <-paid; err != nil || s.Owed() != 0 {
			t.Fatalf("%d bytes are owed after %v", s.Owed(), err)
		}
		if !bytes.Equal(got, sent) {
			t.Fatal("other bytes came than were sent")
		}
	}
	send(t, s, c, "last")
	s.Close(true)
	if rest, err := io.ReadAll(body); err != nil || string(rest) != "last" {
		t.Errorf("at the end: %q, %v", rest, err)
	}
	if n, err := client.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("after the end: %d bytes, %v", n, err)
	}
}

// A client that takes nothing has the write timeout. What it is owed is not paid then, nothing
// follows, and its connection is reset.
func TestClientThatDoesNotRead(t *testing.T) {
	c := small(50 * time.Millisecond)
	s, _, body := dial(t, c)
	sent := fill(t, s, c)
	if err := s.Pay(); !errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, transport.ErrAborted) {
		t.Errorf("paying: %v", err)
	}
	if err := s.Pay(); err == nil {
		t.Error("Pay succeeds after the deadline")
	}
	s.Close(true)
	if _, ok := s.Part(c.Clock.Now()); ok {
		t.Error("there is something to wait for")
	}
	s.HangUp()
	got, err := io.ReadAll(body)
	if !errors.Is(err, syscall.ECONNRESET) || len(got) >= len(sent) || !bytes.HasPrefix(sent, got) {
		t.Errorf("%d bytes of %d, and %v", len(got), len(sent), err)
	}
}

// A write that does not wait allocates nothing.
func TestWriteAllocatesNothing(t *testing.T) {
	c := newConfig()
	s, _, body := dial(t, c)
	go func() { _, _ = io.Copy(io.Discard, body) }()
	b := &chunked{text("x"), []byte("1\r\nx\r\n")}
	if n := testing.AllocsPerRun(500, func() {
		if _, err := s.Write(c.Clock.Now(), b, false); err != nil {
			t.Fatal(err)
		}
		if s.Owed() != 0 {
			_ = s.Pay()
		}
	}); n > 0.5 { // the race detector empties pools at random
		if !raceEnabled {
			t.Errorf("%v allocations a write", n)
		}
	}
}

// chunked is a buffer that was made before.
type chunked struct {
	*buffer
	chunk []byte
}

func (c *chunked) Chunk() []byte { return c.chunk }

// part reads a parting until it has nothing left, or waits, and reports which.
func part(s *transport.Socket, p *transport.Parting, c *transport.Config) (left transport.Left) {
	for left = transport.Reading; left == transport.Reading; {
		left = p.Read(c.Clock.Now())
	}
	return left
}

// A parting lasts until the client has closed its side, and what the client sends meanwhile
// does not cost it the last events.
func TestParting(t *testing.T) {
	c := newConfig()
	s, client, body := dial(t, c)
	send(t, s, c, strings.Repeat("x", 10_000))
	s.Close(true)
	p, ok := s.Part(c.Clock.Now())
	if !ok {
		t.Fatal("there is nothing to wait for")
	}
	if at := p.Until(); at.Sub(c.Clock.Now()) > timeout || at.Sub(c.Clock.Now()) < timeout/2 {
		t.Errorf("it lasts until %d", at)
	}
	if left := part(s, &p, c); left != transport.Waiting {
		t.Errorf("left: %d", left)
	}
	if _, err := client.Write(bytes.Repeat([]byte("y"), 200_000)); err != nil {
		t.Fatal(err)
	}
	if left := part(s, &p, c); left != transport.Waiting {
		t.Errorf("left: %d", left)
	}
	if got, err := io.ReadAll(body); err != nil || len(got) != 10_000 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	_ = client.CloseWrite()
	for began := time.Now(); part(s, &p, c) != transport.Nothing; runtime.Gosched() {
		if time.Since(began) > patience {
			t.Fatal("it does not end")
		}
	}
}

// parted returns the parting of a socket that is closed in order, and the instant of its beginning.
func parted(t *testing.T) (*transport.Socket, *net.TCPConn, *transport.Parting, clock.Instant) {
	t.Helper()
	c := newConfig()
	s, client, _ := dial(t, c)
	s.Close(true)
	now := c.Clock.Now()
	p, ok := s.Part(now)
	if !ok {
		t.Fatal("there is nothing to wait for")
	}
	return s, client, &p, now
}

// A parting ends when its time is over, or when the client has sent a certain amount.
func TestPartingEnds(t *testing.T) {
	t.Run("in time", func(t *testing.T) {
		_, _, p, now := parted(t)
		if p.Read(now.Add(timeout-1)) != transport.Waiting || p.Read(now.Add(timeout)) != transport.Nothing {
			t.Error("it does not last for the write timeout")
		}
	})
	t.Run("in a hurry", func(t *testing.T) {
		_, _, p, now := parted(t)
		p.Hurry(now)
		p.Hurry(now.Add(time.Minute)) // which does not prolong it
		if p.Until() != now.Add(time.Second) || p.Read(now.Add(time.Second)) != transport.Nothing {
			t.Errorf("it lasts %v", p.Until().Sub(now))
		}
	})
	t.Run("aborted", func(t *testing.T) {
		s, _, p, now := parted(t)
		s.Abort()
		if p.Read(now) != transport.Nothing {
			t.Error("it goes on")
		}
		p.Linger() // at once
	})
	t.Run("after an amount", func(t *testing.T) {
		s, client, p, now := parted(t) // now stands still
		sent := make(chan int64, 1)
		go func() {
			n, _ := io.Copy(client, zeros{})
			sent <- n
		}()
		for began := time.Now(); p.Read(now) != transport.Nothing; runtime.Gosched() {
			if time.Since(began) > patience/2 {
				t.Error("it goes on")
				break
			}
		}
		s.HangUp()
		if n := <-sent; n < 16<<20 {
			t.Errorf("it ends after %d bytes", n)
		}
	})
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// Where nothing watches the connection, a goroutine lingers, for a second at most.
func TestLinger(t *testing.T) {
	for name, stays := range map[string]bool{"client that stays": true, "client that leaves": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newConfig()
			s, client, body := dial(t, c)
			s.Close(true)
			p, ok := s.Part(c.Clock.Now())
			if !ok {
				t.Fatal("there is nothing to wait for")
			}
			_, _ = client.Write([]byte("x"))
			if _, err := io.ReadAll(body); err != nil {
				t.Error(err)
			}
			if !stays {
				client.Close()
			}
			began := time.Now()
			p.Linger()
			if d := time.Since(began); (d > 900*time.Millisecond) != stays {
				t.Errorf("it lingers for %v", d)
			}
		})
	}
}

// A wrapped connection without halves is waited for only after a whole body: its client cannot
// know the end otherwise before the connection is closed.
func TestPartingOfWrapped(t *testing.T) {
	for _, whole := range []bool{true, false} {
		conn, c := newNote(), newConfig()
		s := detached(t, struct{ net.Conn }{conn}, c)
		s.Close(whole)
		if _, ok := s.Part(c.Clock.Now()); ok != whole {
			t.Errorf("whole: %t, and to wait for: %t", whole, ok)
		}
		if whole {
			conn.want(t, "deadline", "write 0\r\n\r\n", "no deadline")
		} else {
			conn.want(t)
		}
	}
}

// A client that takes a byte now and then has the write timeout for all of a write, and no more.
func TestClientThatTrickles(t *testing.T) {
	c := small(200 * time.Millisecond)
	s, _, body := dial(t, c)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for tick := time.Tick(5 * time.Millisecond); ; {
			select {
			case <-tick:
				_, _ = body.Read(make([]byte, 1))
			case <-stop:
				return
			}
		}
	}()
	if _, err := s.Write(c.Clock.Now(), text(strings.Repeat("x", 4<<20)), true); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%v", err)
	}
	close(stop)
	<-stopped
}
