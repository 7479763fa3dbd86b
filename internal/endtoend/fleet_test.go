package endtoend_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
)

// fleet is many readers of a few sessions, and what is published to these.
type fleet struct {
	t        *testing.T
	sessions []string
	readers  []*fleetReader
	reading  sync.WaitGroup

	mu        sync.Mutex
	published map[string][]string // ids by session
}

// fleetReader collects the ids of one stream.
type fleetReader struct {
	session string
	n       atomic.Int64 // how many events have come
	ids     []string     // the ids of these events; read when the stream has ended
	drained []drained
}

// drained is the heartbeat with which a draining server ends a stream.
type drained struct {
	at    time.Time
	retry time.Duration
}

// newFleet creates sessions and opens n streams of them.
func newFleet(t *testing.T, srv *mix.Server, c *mix.Client, sessions, n int) *fleet {
	t.Helper()
	f := &fleet{t: t, published: make(map[string][]string)}
	t.Cleanup(f.reading.Wait) // the context of the test ends them
	for i := range sessions {
		f.sessions = append(f.sessions, fmt.Sprint("session-", i))
		f.publish(srv, i)
	}
	for i := range n {
		r := &fleetReader{session: f.sessions[i%sessions]}
		from := "0"
		s, err := c.StreamEvents(t.Context(), r.session, &from) // not by open, whose cleanup would keep the stream as long as the test
		if err != nil {
			t.Fatal(err)
		}
		f.readers = append(f.readers, r)
		f.reading.Go(func() { r.read(t, s) })
	}
	return f
}

func (r *fleetReader) read(t *testing.T, s *mix.Stream) {
	defer s.Close()
	for e, err := range s.All() {
		switch {
		case err != nil:
			t.Errorf("a reader of %s at %s: %v", r.session, s.LastEventID(), err)
			return
		case e.Name == string(gen.EventNameHeartbeat) && e.HasRetry:
			r.drained = append(r.drained, drained{time.Now(), e.Retry})
		case e.Name == string(gen.EventNameContent), e.Name == string(gen.EventNameSessionDeleted):
			r.ids = append(r.ids, e.ID)
			r.n.Add(1)
		}
	}
}

// publish publishes one event to one of the sessions.
func (f *fleet) publish(srv *mix.Server, i int) {
	session := f.sessions[i%len(f.sessions)]
	f.note(session)(srv.Publish(context.Background(), session, servertest.Content(fmt.Sprint("event ", i))))
}

// publishing publishes to the sessions in turn until it is stopped.
func (f *fleet) publishing(srv *mix.Server) (stop func()) {
	done := make(chan struct{})
	var writing sync.WaitGroup
	writing.Go(func() {
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for i := 0; ; i++ {
			select {
			case <-tick.C:
				f.publish(srv, i)
			case <-done:
				return
			}
		}
	})
	return func() {
		close(done)
		writing.Wait()
	}
}

func (f *fleet) note(session string) func(id string, err error) {
	return func(id string, err error) {
		if err != nil {
			f.t.Error(err)
			return
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		f.published[session] = append(f.published[session], id)
	}
}

// watched returns how many streams of the fleet a server has.
func (f *fleet) watched(srv *mix.Server) int { return readersOf(srv, f.sessions) }

// readersOf returns how many streams of some sessions a server has.
func readersOf(srv *mix.Server, sessions []string) (n int) {
	for _, s := range sessions {
		n += srv.Readers(s)
	}
	return n
}

// caughtUp reports whether every reader has everything.
func (f *fleet) caughtUp() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.readers {
		if int(r.n.Load()) < len(f.published[r.session]) {
			return false
		}
	}
	return true
}

// finish deletes the sessions. It expects that each reader gets every event of its session
// once and in order, and ends.
func (f *fleet) finish(srv *mix.Server) {
	f.t.Helper()
	for _, s := range f.sessions {
		f.note(s)(srv.DeleteSession(f.t.Context(), s))
	}
	f.reading.Wait()
	for i, r := range f.readers {
		if want := f.published[r.session]; !slices.Equal(r.ids, want) {
			f.t.Errorf("reader %d got %d events, want %d; the first difference is at %d", i, len(r.ids), len(want), firstDifference(r.ids, want))
		}
	}
}

// level is what an idle process uses.
type level struct {
	bytes      int64 // of the live heap
	goroutines int
}

func levelNow() level {
	return level{servertest.HeapInUse(), runtime.NumGoroutine()}
}

// wantLevel waits until the process is back at a level, with some slack.
func wantLevel(t *testing.T, when string, want, slack level) {
	t.Helper()
	var now level
	defer func() {
		t.Logf("%s: %d bytes and %d goroutines, before: %d and %d", when, now.bytes, now.goroutines, want.bytes, want.goroutines)
	}()
	servertest.Until(t, "the level "+when+" is that from before", func() bool {
		now = levelNow()
		return now.bytes <= want.bytes+slack.bytes && now.goroutines <= want.goroutines+slack.goroutines
	})
}
