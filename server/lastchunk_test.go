package server_test

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/mixstream/mixstream/server"
)

// pipes is a listener whose connections hold nothing: a write ends when the other
// side has read all of it.
type pipes struct {
	accepted chan net.Conn
	closed   chan struct{}
	once     sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.accepted:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// A reader that stops reading right before the last chunk holds its connection no
// longer than one that stops before: that chunk has a deadline as well.
func TestReaderThatStopsBeforeTheLastChunk(t *testing.T) {
	for name, how := range serverEnds {
		t.Run(name, func(t *testing.T) {
			srv := newAttachedServer(t, server.WithWriteTimeout(100*time.Millisecond), how.option)
			listener := &pipes{accepted: make(chan net.Conn), closed: make(chan struct{})}
			over := make(chan struct{}, 1)
			serve(t, srv, func(ts *httptest.Server) {
				ts.Listener.Close()
				ts.Listener = listener
				ts.Config.ConnState = func(_ net.Conn, state http.ConnState) {
					if state == http.StateClosed {
						over <- struct{}{}
					}
				}
			})
			publish(t, srv, "s", "")
			client, conn := net.Pipe()
			t.Cleanup(func() { client.Close() })
			_ = client.SetDeadline(time.Now().Add(patience))
			listener.accepted <- conn
			if _, err := io.WriteString(client, "GET /stream?sessionId=s HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			readTo := func(mark string) {
				t.Helper()
				for one := make([]byte, 1); !bytes.HasSuffix(got.Bytes(), []byte(mark)); {
					if _, err := client.Read(one); err != nil {
						t.Fatalf("%v, after %q", err, got.Bytes())
					}
					got.WriteByte(one[0])
				}
			}
			readTo("\n\n\r\n") // the end of connected, and of its chunk
			go how.end(t, srv)
			last := "event: heartbeat\n"
			if name == "deleted" {
				last = "event: session_deleted\n"
			}
			readTo(last)
			readTo("\n\n\r\n")
			receive(t, over)
		})
	}
}

// After a write that has failed nothing is written, be it the last chunk.
func TestNothingIsWrittenAfterFailedWrite(t *testing.T) {
	srv, o := newDetachedServer(t, server.WithWriteTimeout(100*time.Millisecond))
	listener := &pipes{accepted: make(chan net.Conn), closed: make(chan struct{})}
	serve(t, srv, func(ts *httptest.Server) {
		ts.Listener.Close()
		ts.Listener = listener
	})
	publish(t, srv, "s", "")
	client, conn := net.Pipe()
	listener.accepted <- conn
	askStream(t, client, "HTTP/1.1", "s")
	publish(t, srv, "s", "")
	receive(t, o.streams).wantEnd(t, server.EndSlowReader)
	if rest, err := io.ReadAll(client); err != nil || len(rest) > 0 {
		t.Errorf("got %q, %v, want that the connection is closed", rest, err)
	}
}
