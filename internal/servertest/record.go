package servertest

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing/synctest"

	"github.com/mixstream/mixstream/sse"
)

// Recording is a stream over a pipe instead of a socket, so that synctest can fake the clock.
type Recording struct {
	Conn     net.Conn
	Response *http.Response
	Ended    chan struct{}   // closed at the end of the answer
	closed   context.Context // Ends when the server closes its side

	mu   sync.Mutex
	body bytes.Buffer
}

func (r *Recording) run(session, lastEventID string) {
	defer close(r.Ended)
	defer r.Conn.Close()
	fmt.Fprintf(r.Conn, "GET /stream?sessionId=%s HTTP/1.1\r\nHost: x\r\nLast-Event-ID: %s\r\n\r\n", session, lastEventID)
	var err error
	if r.Response, err = http.ReadResponse(bufio.NewReader(r.Conn), nil); err == nil {
		_, _ = io.Copy(r, r.Response.Body) // Until either side leaves
	}
}

// Write records a part of the answer.
func (r *Recording) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.body.Write(p)
}

// Events returns what came so far.
func (r *Recording) Events() (all []Event) {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	dec := sse.NewDecoder(bytes.NewReader(r.body.Bytes()))
	for {
		e, err := ReadEvent(dec)
		if err != nil {
			return all
		}
		all = append(all, e)
	}
}

// Leave closes the connection and waits until the server notices. For a detached stream
// that takes a heartbeat.
func (r *Recording) Leave() {
	r.Conn.Close()
	<-r.closed.Done()
}

// Record opens a stream and reads it to its end.
func Record(h http.Handler, session, lastEventID string, configure ...func(*httptest.Server)) *Recording {
	client, conn := net.Pipe()
	closed, cancel := context.WithCancel(context.Background())
	ts := &httptest.Server{Listener: newLone(&closing{conn, cancel}), Config: &http.Server{Handler: h}}
	for _, f := range configure {
		f(ts)
	}
	_ = ts.Config.Serve(ts.Listener) // returns when it has the connection
	r := &Recording{Conn: client, Ended: make(chan struct{}), closed: closed}
	go r.run(session, lastEventID)
	synctest.Wait()
	return r
}

// closing is a connection that calls closed when it closes.
type closing struct {
	net.Conn
	closed context.CancelFunc
}

func (c *closing) Close() error {
	defer c.closed()
	return c.Conn.Close()
}

// lone is a listener that has one connection.
type lone chan net.Conn

func (l lone) Accept() (net.Conn, error) {
	if c, ok := <-l; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}

func (lone) Addr() net.Addr { return nil }

func (lone) Close() error { return nil }

func newLone(c net.Conn) lone {
	l := make(lone, 1)
	l <- c
	close(l)
	return l
}
