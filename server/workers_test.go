//go:build unix

package server

import (
	"bytes"
	"context"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
)

// busy is a connection on which whoever writes has no time to go on.
type busy struct {
	nowhere
	writing *atomic.Int64
	free    chan struct{}
}

func (c *busy) Write(f func(fd uintptr) (done bool)) error {
	c.writing.Add(1)
	<-c.free
	return c.nowhere.Write(f)
}

// On a machine that has no time for the workers, others would have none either: they
// join only those that are in the log.
func TestNobodyJoinsWorkersWithoutTime(t *testing.T) {
	c, free := newCrew(t), make(chan struct{})
	w := &c.srv.workers
	var writing atomic.Int64
	for i := range 3 * w.max {
		session := "session-" + strconv.Itoa(i)
		w.hand(standIn(t, c.srv, session, &busy{c.conn(), &writing, free}, unread{}))
		c.publish(session)
	}
	for writing.Load() < int64(w.max) {
		runtime.Gosched()
	}
	for range 10 {
		w.look()
	}
	w.mu.Lock()
	n := w.n
	w.mu.Unlock()
	close(free)
	c.end()
	if n != w.max {
		t.Errorf("%d workers, want %d", n, w.max)
	}
}

// However many reads a log has wait, and whether it answers none of them or some all
// the time, other streams are served.
func TestReadsThatWait(t *testing.T) {
	const slow = 3000
	for name, answers := range map[string]bool{"for ever": false, "their turn": true} {
		t.Run(name, func(t *testing.T) {
			var waiting atomic.Int64
			free := make(chan struct{}) // a read for each token
			c := newCrew(t, WithLog(&ReadLog{eventlog.NewMemory(eventlog.Retention{}), func(_ context.Context, session string) error {
				if session != "fast" {
					waiting.Add(1)
					<-free
					waiting.Add(-1)
				}
				return nil
			}}))
			for i := range slow {
				conn := c.conn()
				c.srv.workers.hand(standIn(t, c.srv, "slow-"+strconv.Itoa(i), &conn, unread{}))
			}
			fast := c.conn()
			c.srv.workers.hand(standIn(t, c.srv, "fast", &fast, unread{}))
			c.publish("fast")
			answered, patience := 0, time.After(20*time.Second)
			for tick := time.NewTicker(time.Millisecond); fast.last.Load() == 0; {
				select {
				case <-tick.C:
				case <-patience:
					t.Fatalf("the fast stream is not served: %d reads wait, %d were answered", waiting.Load(), answered)
				}
				if answers {
					select {
					case free <- struct{}{}:
						answered++
					default:
					}
				}
			}
			t.Logf("%d reads waited, and %d were answered, when the fast stream was served", waiting.Load(), answered)
			if answered > slow/2 {
				t.Errorf("the fast stream waited for %d of %d slow ones", answered, slow)
			}
			close(free)
			c.end()
		})
	}
}

// A stream that has more to write than it may at a time gets all of it, by one wake.
func TestManyTurnsOfOneWake(t *testing.T) {
	const writes = 3 * maxTurns
	c := newCrew(t)
	conn := c.conn()
	d := standIn(t, c.srv, "s", &conn, unread{})
	c.srv.workers.release(d)
	entries := make([]eventlog.Entry, writes)
	for i := range entries {
		entries[i] = eventlog.Entry{Name: "content", Data: append(bytes.Repeat([]byte{' '}, maxWrite), "{}"...)}
	}
	if err := c.srv.log.Append(t.Context(), eventlog.Session{ID: "s"}, nil, entries); err != nil {
		t.Fatal(err)
	}
	for began := time.Now(); c.writes.Load() < writes; time.Sleep(time.Millisecond) {
		if time.Since(began) > 20*time.Second {
			t.Fatalf("%d of %d writes", c.writes.Load(), writes)
		}
	}
	c.end()
}
