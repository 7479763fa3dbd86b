package endtoend_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
)

// atScale returns how large a test is: small by default, and large where the slow
// tests are asked for.
func atScale(small, large int) int {
	if os.Getenv("MIXSTREAM_SLOW") == "" {
		return small
	}
	return large
}

// patience is how long a test waits for what must come.
const patience = 60 * time.Second

// until waits for a condition that nothing announces.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !holds(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// fleet is many readers of a few sessions, and who publishes to these.
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
	n       atomic.Int64 // events that have come
	ids     []string     // of them; read when the stream has ended
	drained []drained
}

// drained is the heartbeat with which a draining server ends a stream.
type drained struct {
	at    time.Time
	retry time.Duration
}

// newFleet makes sessions and opens n streams of them.
func newFleet(t *testing.T, srv *mix.Server, c *mix.Client, sessions, n int) *fleet {
	t.Helper()
	f := &fleet{t: t, published: make(map[string][]string)}
	t.Cleanup(f.reading.Wait) // they end with the context of the test
	for i := range sessions {
		f.sessions = append(f.sessions, fmt.Sprint("session-", i))
		f.publish(srv, i)
	}
	for i := range n {
		r := &fleetReader{session: f.sessions[i%sessions]}
		from := "0"
		s, err := c.StreamEvents(t.Context(), r.session, &from) // without a cleanup, which would keep it for as long as the test
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
	f.note(session)(srv.Publish(context.Background(), session, content(fmt.Sprint("event ", i))))
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

// watched returns how many streams of the sessions a server has.
func (f *fleet) watched(srv *mix.Server) (n int) {
	for _, s := range f.sessions {
		n += srv.Readers(s)
	}
	return n
}

// caughtUp tells whether every reader has everything.
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

// finish deletes the sessions, and expects that each reader got every event of its
// session once and in order, and ended.
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

// level is what a process uses when it is at rest.
type level struct {
	bytes      int64 // of the heap
	goroutines int
}

func levelNow() level {
	for range 2 { // the second frees what pools kept through the first
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return level{int64(m.HeapAlloc), runtime.NumGoroutine()}
}

// wantLevel waits until the process is down to a level again, or nearly.
func wantLevel(t *testing.T, when string, want, slack level) {
	t.Helper()
	var now level
	defer func() {
		t.Logf("%s: %d bytes and %d goroutines, before: %d and %d", when, now.bytes, now.goroutines, want.bytes, want.goroutines)
	}()
	until(t, "the level "+when+" is that from before", func() bool {
		now = levelNow()
		return now.bytes <= want.bytes+slack.bytes && now.goroutines <= want.goroutines+slack.goroutines
	})
}
