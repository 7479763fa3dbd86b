//go:build unix

package server

import (
	"context"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/gen"
)

// crew is a server with streams that stand in for detached ones.
type crew struct {
	t      *testing.T
	srv    *Server
	null   *os.File
	writes atomic.Int64
}

func newCrew(t *testing.T, opts ...Option) *crew {
	t.Helper()
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { null.Close() })
	opts = append([]Option{WithDetachedStreams(0), WithHeartbeat(time.Hour),
		WithSessions(func(context.Context, string) (bool, error) { return true, nil })}, opts...)
	srv, err := New(opts...)
	if err != nil {
		t.Fatal(err)
	}
	return &crew{t: t, srv: srv, null: null}
}

// conn returns a connection that takes all.
func (c *crew) conn() nowhere { return nowhere{fd: c.null.Fd(), server: c.srv, writes: &c.writes} }

func (c *crew) publish(session string) {
	c.t.Helper()
	if _, err := c.srv.Publish(c.t.Context(), session, &gen.ContentData{}); err != nil {
		c.t.Fatal(err)
	}
}

// end ends all streams, and waits for the workers.
func (c *crew) end() {
	ctx, cancel := context.WithCancel(c.t.Context())
	cancel()
	_ = c.srv.Shutdown(ctx)
	c.srv.workers.running.Wait()
}

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

// pacedLog is a log that reads those sessions whose name begins with slow when it is told to.
type pacedLog struct {
	eventlog.Log
	waiting atomic.Int64
	free    chan struct{} // a read for each token
}

func (l *pacedLog) Follow(ctx context.Context, s eventlog.Session, wake func()) (eventlog.Reader, error) {
	r, err := l.Log.Follow(ctx, s, wake)
	if err != nil || !strings.HasPrefix(s.ID, "slow") {
		return r, err
	}
	return pacedReader{r, l}, nil
}

type pacedReader struct {
	eventlog.Reader
	log *pacedLog
}

func (r pacedReader) Read(ctx context.Context, after uint64, limit int) (eventlog.Batch, error) {
	r.log.waiting.Add(1)
	<-r.log.free
	r.log.waiting.Add(-1)
	return r.Reader.Read(ctx, after, limit)
}

// However many reads a log has wait, and whether it answers none of them or some all
// the time, other streams are served.
func TestReadsThatWait(t *testing.T) {
	const slow = 3000
	for name, answers := range map[string]bool{"for ever": false, "their turn": true} {
		t.Run(name, func(t *testing.T) {
			log := &pacedLog{Log: eventlog.NewMemory(eventlog.Retention{}), free: make(chan struct{})}
			c := newCrew(t, WithLog(log))
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
					t.Fatalf("the fast stream is not served: %d reads wait, %d were answered", log.waiting.Load(), answered)
				}
				if answers {
					select {
					case log.free <- struct{}{}:
						answered++
					default:
					}
				}
			}
			t.Logf("%d reads waited, and %d were answered, when the fast stream was served", log.waiting.Load(), answered)
			if answered > slow/2 {
				t.Errorf("the fast stream waited for %d of %d slow ones", answered, slow)
			}
			close(log.free)
			c.end()
		})
	}
}
