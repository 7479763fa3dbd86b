package client_test

import (
	"errors"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/streamtest"
)

// The server of TestMemoryOfASlowConsumer sends far more than sockets hold, and the consumer
// stops reading. The server must wait, and the client holds no more than its buffer.
func TestMemoryOfASlowConsumer(t *testing.T) {
	const events = 16_000
	padding := strings.Repeat("x", 4000)
	stuck := make(chan int, 1)
	server := serve(t, streamtest.Script{streamtest.Raw("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + connected("1")),
		func(c *streamtest.Conn) error {
			written, last := 0, events
			for id := 2; id <= last; id++ {
				for text := content(strconv.Itoa(id), padding); text != ""; {
					if err := c.SetWriteDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
						return err
					}
					n, err := c.Write([]byte(text))
					text = text[n:]
					if err == nil {
						written += n
						continue
					}
					if !errors.Is(err, os.ErrDeadlineExceeded) {
						return err
					}
					select {
					case stuck <- written:
						last = id + 200 // enough is said
					default:
					}
				}
			}
			return nil
		}}, over)
	s := server.stream("")
	next(t, s)
	next(t, s)
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := heap()
	written := <-stuck
	if grown := heap() - before; grown > 1<<20 {
		t.Errorf("the heap grew by %d bytes while %d were sent", grown, written)
	}
	if all := events * len(padding); written > all/2 {
		t.Errorf("%d of %d bytes were sent to a consumer that does not read", written, all)
	}
	id := 3
	for ; s.Next(); id++ {
		if e := s.Event(); e.ID != strconv.Itoa(id) {
			t.Fatalf("event %s, want %d", e.ID, id)
		}
	}
	if s.Err() != nil || id*len(padding) < written {
		t.Errorf("error %v after %d events, of more than %d bytes", s.Err(), id, written)
	}
}
