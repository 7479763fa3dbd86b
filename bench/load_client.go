package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// task is a request of the program to a client.
type task struct {
	Do string // one of the names below

	Address  string // connect
	Sessions int    // connect: the readers are spread over them
	Readers  int    // connect
	From     string // connect: the last event ID, if any
	Keep     bool   // connect: compare every byte on doCheck

	Events int           // expect, connect: how many more events each reader must get
	Within time.Duration // await, greet
}

const (
	doConnect = "connect" // opens connections and sends their requests
	doGreet   = "greet"   // waits until every reader got something, or for Within
	doExpect  = "expect"  // sets how many more events will come
	doAwait   = "await"   // waits for these events
	doCheck   = "check"   // compares what was kept
	doLeave   = "leave"   // closes the connections
)

// account is the report of a client.
type account struct {
	Err     string
	Greeted int           // greet: how many readers
	CPU     time.Duration // of the process so far
}

// clientLoad runs a client process: it executes tasks until there are no more.
func clientLoad(in io.Reader, out io.Writer) error {
	c := new(loadClient)
	defer c.leave()
	enc, dec := json.NewEncoder(out), json.NewDecoder(in)
	for {
		var t task
		if err := dec.Decode(&t); err != nil {
			if err == io.EOF {
				return nil
			}
			return err
		}
		a, err := c.fulfil(t)
		if err != nil {
			a.Err = err.Error()
		}
		a.CPU = cpuOf(syscall.RUSAGE_SELF)
		if err := enc.Encode(a); err != nil {
			return err
		}
	}
}

// loadClient reads many streams at once.
type loadClient struct {
	conns []net.Conn
	done  sync.WaitGroup // the goroutines of the connections

	mu      sync.Mutex
	moved   *sync.Cond // signals changes of the fields below
	readers []*clientReader
	arrived int
	greeted int
	err     error // the first error
	closing bool

	want atomic.Int64 // the sequence number that all readers wait for
}

// clientReader is a reader with its goroutine.
type clientReader struct {
	loadReader
	c    *loadClient
	at   atomic.Int64 // how many events it has, for other goroutines
	told int          // the sequence number at which it was counted as arrived
	seen bool         // it was counted as greeted
}

// take processes input. Only a reader that reaches its goal wakes the waiters.
func (r *clientReader) take(p []byte) error {
	c := r.c
	if r.keep { // for the comparison
		c.mu.Lock()
		defer c.mu.Unlock()
	}
	if err := r.feed(p); err != nil {
		return err
	}
	r.at.Store(int64(r.next))
	want := int(c.want.Load())
	if r.next > want {
		return fmt.Errorf("%d events of %d", r.next, want)
	}
	if r.greeted == r.seen && (r.next != want || r.told == want) {
		return nil
	}
	if !r.keep {
		c.mu.Lock()
		defer c.mu.Unlock()
	}
	if r.greeted && !r.seen {
		r.seen = true
		c.greeted++
	}
	if r.next == want && r.told != want {
		r.told = want
		c.arrived++
	}
	c.moved.Broadcast()
	return nil
}

func (c *loadClient) fulfil(t task) (account, error) {
	switch t.Do {
	case doConnect:
		return account{}, c.connect(t)
	case doGreet:
		n, err := c.await(t.Within, func() bool { return c.greeted == len(c.readers) })
		if errors.Is(err, errTooLate) {
			err = nil
		}
		return account{Greeted: n}, err
	case doExpect:
		c.expect(t.Events)
		return account{}, nil
	case doAwait:
		_, err := c.await(t.Within, func() bool { return c.arrived == len(c.readers) })
		if errors.Is(err, errTooLate) {
			err = c.missing()
		}
		return account{}, err
	case doCheck:
		c.mu.Lock()
		defer c.mu.Unlock()
		for i, r := range c.readers {
			if err := r.check(); err != nil {
				return account{}, fmt.Errorf("reader %d: %w", i, err)
			}
		}
		return account{}, nil
	case doLeave:
		c.leave()
		return account{}, nil
	}
	return account{}, fmt.Errorf("no task %q", t.Do)
}

var errTooLate = errors.New("too late")

// missing describes what did not arrive.
func (c *loadClient) missing() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, r := range c.readers {
		if at, want := r.at.Load(), c.want.Load(); at < want {
			return fmt.Errorf("%d of %d readers did not get everything in time; reader %d has %d of %d events", len(c.readers)-c.arrived, len(c.readers), i, at, want)
		}
	}
	return nil
}

func (c *loadClient) expect(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.arrived = 0
	c.want.Add(int64(n))
}

// await waits for a condition; it holds the lock while it checks it.
func (c *loadClient) await(within time.Duration, reached func() bool) (greeted int, err error) {
	late := false
	timer := time.AfterFunc(within, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		late = true
		c.moved.Broadcast()
	})
	defer timer.Stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	for !reached() && c.err == nil && !late {
		c.moved.Wait()
	}
	switch {
	case c.err != nil:
		return c.greeted, c.err
	case !reached():
		return c.greeted, errTooLate
	}
	return c.greeted, nil
}

// connect opens connections, some at a time.
func (c *loadClient) connect(t task) error {
	c.moved = sync.NewCond(&c.mu)
	c.want.Store(int64(t.Events))
	c.arrived, c.greeted, c.err, c.closing = 0, 0, nil, false
	var lines string
	if t.From != "" {
		lines = "Last-Event-ID: " + t.From + "\r\n"
	}
	d := net.Dialer{Timeout: 10 * time.Second}
	for i := range t.Readers {
		conn, err := d.DialContext(context.Background(), "tcp", t.Address)
		if err != nil {
			return err
		}
		c.conns = append(c.conns, conn)
		r := &clientReader{loadReader: loadReader{keep: t.Keep}, c: c}
		c.mu.Lock()
		c.readers = append(c.readers, r)
		c.mu.Unlock()
		raw, err := conn.(*net.TCPConn).SyscallConn()
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nAccept: text/event-stream\r\n%s\r\n", loadPath(sessionName(i%t.Sessions)), t.Address, lines); err != nil {
			return err
		}
		c.done.Go(func() { r.run(raw) })
	}
	return nil
}

// leave closes the connections, and forgets them.
func (c *loadClient) leave() {
	c.mu.Lock()
	c.closing = true
	c.mu.Unlock()
	for _, conn := range c.conns {
		conn.Close()
	}
	c.done.Wait()
	c.conns, c.readers = nil, nil
}

// scratch holds the read buffers: an idle connection has none.
var scratch = sync.Pool{New: func() any { b := make([]byte, 256<<10); return &b }}

// run reads until the connection ends.
func (r *clientReader) run(raw syscall.RawConn) {
	var failed error
	err := raw.Read(func(fd uintptr) bool {
		buf := scratch.Get().(*[]byte)
		defer scratch.Put(buf)
		for {
			n, err := syscall.Read(int(fd), *buf)
			switch {
			case errors.Is(err, syscall.EINTR):
				continue
			case errors.Is(err, syscall.EAGAIN):
				return false
			case err != nil:
				failed = err
				return true
			case n == 0:
				failed = errStreamEnded
				return true
			}
			if failed = r.take((*buf)[:n]); failed != nil {
				return true
			}
			if n < len(*buf) { // nothing is left
				return false
			}
		}
	})
	if failed == nil {
		failed = err
	}
	c := r.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closing && c.err == nil {
		c.err = fmt.Errorf("a reader, after %d events: %w", r.next, failed)
		c.moved.Broadcast()
	}
}
