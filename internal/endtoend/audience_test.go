package endtoend_test

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unique"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
)

// audience is many readers of some sessions, and the book of what is published to these.
type audience struct {
	*book
	t        *testing.T
	sessions []string
	readers  []*reader
	leave    func() // ends all readers, and waits for them

	ctx     context.Context
	reading sync.WaitGroup
}

// reader reads a session from its beginning, over any number of connections.
type reader struct {
	session string
	at      atomic.Uint64 // the last id

	mu      sync.Mutex // guards the fields below
	events  []delivered
	drained []time.Duration // the reconnection times of the heartbeats with which draining servers end a stream
}

// newAudience returns an audience of n sessions, without a reader. Its readers leave with the
// test.
func newAudience(t *testing.T, n int) *audience {
	a := &audience{book: newBook(), t: t}
	for i := range n {
		a.sessions = append(a.sessions, fmt.Sprint("session-", i))
	}
	ctx, cancel := context.WithCancel(t.Context())
	a.ctx, a.leave = ctx, func() { cancel(); a.reading.Wait() }
	t.Cleanup(a.leave)
	return a
}

// readAt starts a reader of a session at an address.
func (a *audience) readAt(address, session string) {
	a.t.Helper()
	a.read(newClient(a.t, &url.URL{Scheme: "http", Host: address}, client.WithRetryPolicy(client.RetryPolicy{
		InitialInterval: 20 * time.Millisecond, MaxInterval: 300 * time.Millisecond, MaxElapsedTime: servertest.Patience,
	})), session)
}

// read starts a reader of a session. It reads until the session ends, or the audience leaves.
func (a *audience) read(c *mix.Client, session string) {
	a.t.Helper()
	s := servertest.Must(c.StreamEvents(a.ctx, session, nil, client.FromStart()))(a.t) // open would keep the stream as long as the test
	r := &reader{session: session}
	a.readers = append(a.readers, r)
	a.reading.Go(func() {
		defer s.Close()
		for e, err := range s.All() {
			if err != nil {
				if a.ctx.Err() == nil {
					a.t.Errorf("a reader of %s at %s: %v", session, s.LastEventID(), err)
				}
				return
			}
			r.take(e)
		}
	})
}

func (r *reader) take(e mix.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if text := textOf(e.Data); text != "" {
		r.events = append(r.events, delivered{servertest.Position(e.ID), unique.Make(text)})
		r.at.Store(servertest.Position(e.ID))
	} else if e.Name == string(gen.EventNameHeartbeat) && e.HasRetry {
		r.drained = append(r.drained, e.Retry)
	}
}

func (r *reader) got() []delivered {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.events)
}

// fill publishes an event to each session, starts n readers, and waits until all have read.
func (a *audience) fill(srv *mix.Server, c *mix.Client, n int) {
	a.t.Helper()
	for i := range a.sessions {
		a.publish(srv, i)
	}
	for i := range n {
		a.read(c, a.sessions[i%len(a.sessions)])
	}
	servertest.Until(a.t, "all have read", a.caughtUp)
}

// publish publishes the nth event to one of the sessions.
func (a *audience) publish(srv *mix.Server, n int) {
	session, text := a.sessions[n%len(a.sessions)], fmt.Sprint("event ", n)
	a.note(a.t, session, text)(srv.Publish(context.Background(), session, servertest.Content(text)))
}

// publishing publishes to the sessions in turn, until it is stopped.
func (a *audience) publishing(srv *mix.Server) (stop func()) {
	done := make(chan struct{})
	var writing sync.WaitGroup
	writing.Go(func() {
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				a.publish(srv, a.count())
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

// watched returns how many streams of the sessions a server has.
func (a *audience) watched(srv *mix.Server) int { return readersOf(srv, a.sessions) }

// readersOf returns how many streams of some sessions a server has.
func readersOf(srv *mix.Server, sessions []string) (n int) {
	for _, s := range sessions {
		n += srv.Readers(s)
	}
	return n
}

// caughtUp reports whether every reader is at the last event of its session.
func (a *audience) caughtUp() bool {
	return !slices.ContainsFunc(a.readers, func(r *reader) bool { return r.at.Load() < a.lastOf(r.session) })
}

// finish deletes the sessions, waits for the readers to end, and checks what they got.
func (a *audience) finish(srv *mix.Server) {
	a.t.Helper()
	for _, s := range a.sessions {
		a.note(a.t, scopeOf(s), "deleted "+s)(srv.DeleteSession(a.t.Context(), s))
	}
	a.reading.Wait()
	a.check()
}

// check waits until all readers have every acknowledged event, and checks these. Events that
// were not acknowledged may come later, and must be the same for all.
func (a *audience) check() {
	a.t.Helper()
	servertest.Until(a.t, "all readers are at the last event", a.caughtUp)
	longest := make(map[string][]delivered)
	for i, r := range a.readers {
		got := r.got()
		a.book.check(a.t, i, r.session, got)
		if len(got) > len(longest[r.session]) {
			longest[r.session] = got
		}
	}
	if a.t.Failed() {
		return
	}
	for i, r := range a.readers {
		want := longest[r.session]
		for range 500 {
			if len(r.got()) >= len(want) {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		if got := r.got(); len(got) < len(want) || !slices.Equal(got[:len(want)], want) {
			a.t.Errorf("reader %d of %s got %d events, or others than another reader, who got %d", i, r.session, len(got), len(want))
		}
	}
}
