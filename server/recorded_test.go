package server_test

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

// recorded is a stream over a connection that is no socket, for a fake clock.
type recorded struct {
	conn   net.Conn
	res    *http.Response
	ended  chan struct{}   // closed when the answer has
	closed context.Context // ends when the server has closed its side

	mu   sync.Mutex
	body bytes.Buffer
}

// record opens a stream.
func record(h http.Handler, session, lastEventID string, configure ...func(*httptest.Server)) *recorded {
	client, conn := net.Pipe()
	closed, cancel := context.WithCancel(context.Background())
	ts := &httptest.Server{Listener: newLone(&closing{conn, cancel}), Config: &http.Server{Handler: h}}
	for _, f := range configure {
		f(ts)
	}
	_ = ts.Config.Serve(ts.Listener) // returns when it has the connection
	r := &recorded{conn: client, ended: make(chan struct{}), closed: closed}
	go r.run(session, lastEventID)
	synctest.Wait()
	return r
}

func (r *recorded) run(session, lastEventID string) {
	defer close(r.ended)
	defer r.conn.Close()
	fmt.Fprintf(r.conn, "GET /stream?sessionId=%s HTTP/1.1\r\nHost: x\r\nLast-Event-ID: %s\r\n\r\n", session, lastEventID)
	var err error
	if r.res, err = http.ReadResponse(bufio.NewReader(r.conn), nil); err == nil {
		_, _ = io.Copy(r, r.res.Body) // until either side leaves
	}
}

// Write records what came.
func (r *recorded) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.body.Write(p)
}

// events returns what came so far.
func (r *recorded) events() (all []event) {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	dec := sse.NewDecoder(bytes.NewReader(r.body.Bytes()))
	for {
		e, err := read(dec)
		if err != nil {
			return all
		}
		all = append(all, e)
	}
}

// leave leaves, and waits until the server has noticed: if the stream is detached, by a
// heartbeat.
func (r *recorded) leave() {
	r.conn.Close()
	<-r.closed.Done()
}

// closing is a connection that says when it is closed.
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

func newLone(c net.Conn) lone {
	l := make(lone, 1)
	l <- c
	close(l)
	return l
}

func (l lone) Accept() (net.Conn, error) {
	if c, ok := <-l; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}

func (lone) Addr() net.Addr { return nil }
func (lone) Close() error   { return nil }
