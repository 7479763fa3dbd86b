package client_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixstream/mixstream/streamtest"
)

// countedConn counts the bytes that the client has read from its socket.
type countedConn struct {
	net.Conn
	read *atomic.Int64
}

func (c countedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.read.Add(int64(n))
	return n, err
}

// counted returns an HTTP client whose sockets have small buffers, and the bytes
// that it has read.
func counted(buffer int) (*http.Client, *atomic.Int64) {
	read := new(atomic.Int64)
	return &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return countedConn{conn, read}, conn.(*net.TCPConn).SetReadBuffer(buffer)
	}}}, read
}

// pour writes events from 2 on until the socket takes no more for a while, and signals that.
// Then it goes on to the last.
func pour(events int, event func(id int) string, stuck chan<- int64) streamtest.Step {
	return func(c *streamtest.Conn) error {
		var written int64
		refused := 0 // in a row
		for id := 2; id <= events; id++ {
			for text := event(id); text != ""; {
				if err := c.SetWriteDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
					return err
				}
				n, err := c.Write([]byte(text))
				text, written = text[n:], written+int64(n)
				if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
					return err
				}
				if n > 0 {
					refused = 0
				} else if refused++; refused == 4 {
					select {
					case stuck <- written:
					default:
					}
				}
			}
		}
		return nil
	}
}

// TestReadAhead counts the bytes between the socket and the consumer. The transport reads
// ahead 4 KiB; the decoder 64 KiB, or at most four times the largest event. While the
// consumer takes its time, they read nothing.
func TestReadAhead(t *testing.T) {
	const socket = 512 << 10 // the segments of the loopback are 64 KiB, and crawl through much less
	for _, size := range []int{500, 300_000} {
		t.Run(fmt.Sprintf("events of %d bytes", size), func(t *testing.T) {
			const total = 8 << 20
			most := int64(4<<10 + max(64<<10, 4*size))
			padding := strings.Repeat("x", size)
			event := func(id int) string { return content(strconv.Itoa(id), padding) }
			head := "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + connected("1")
			stuck := make(chan int64, 1)
			server := serve(t, streamtest.Script{
				func(c *streamtest.Conn) error { return c.Conn.(*net.TCPConn).SetWriteBuffer(socket) },
				streamtest.Raw(head), pour(total/size+2, event, stuck),
			}, over)
			hc, read := counted(socket)
			server.hc = hc
			s := server.stream("")
			next(t, s)
			delivered := int64(len(head))
			var ahead int64
			for id := 2; s.Next(); id++ {
				delivered += int64(len(event(id)))
				ahead = max(ahead, read.Load()-delivered)
				if e := s.Event(); e.Name != "content" || e.ID != strconv.Itoa(id) {
					t.Fatalf("event %s %s, want %d", e.Name, e.ID, id)
				}
				if id != 3 {
					continue
				}
				before := read.Load()
				written := await(t, "the server to get stuck", stuck)
				if n := read.Load() - before; n != 0 {
					t.Errorf("%d bytes were read while the consumer paused", n)
				}
				if written > total/2 {
					t.Errorf("%d of %d bytes were sent to a consumer that pauses", written, total)
				}
			}
			if ahead > most {
				t.Errorf("%d bytes were held at once, want %d at most", ahead, most)
			}
			if s.Err() != nil || delivered < total {
				t.Errorf("error %v after %d bytes", s.Err(), delivered)
			}
		})
	}
}
