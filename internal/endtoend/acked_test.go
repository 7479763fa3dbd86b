package endtoend_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
)

// delivered is an event as a reader gets it.
type delivered struct{ id, text string }

// acked holds what the server has acknowledged to publishers, and what they may have
// published.
type acked struct {
	mu        sync.Mutex
	events    map[string]map[string]string // ids by session and text
	uncertain map[string]map[string]bool   // by session: texts whose outcome is unknown
}

func newAcked() *acked {
	return &acked{events: make(map[string]map[string]string), uncertain: make(map[string]map[string]bool)}
}

func (a *acked) add(session, text, id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.events[session] == nil {
		a.events[session] = make(map[string]string)
	}
	a.events[session][text] = id
}

func (a *acked) maybe(session, text string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.uncertain[session] == nil {
		a.uncertain[session] = make(map[string]bool)
	}
	a.uncertain[session][text] = true
}

func (a *acked) count() (n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, events := range a.events {
		n += len(events)
	}
	return n
}

// last returns the highest acknowledged id of a session.
func (a *acked) last(session string) (last uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, id := range a.events[session] {
		last = max(last, servertest.Position(id))
	}
	return last
}

// check checks what a reader gets from the beginning of a session. The ids grow, each
// event comes once, every acknowledged event comes, and nothing comes that was not
// published.
func (a *acked) check(t *testing.T, who, session string, got []delivered) {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	seen := make(map[string]bool)
	before := uint64(0)
	for _, d := range got {
		if servertest.Position(d.id) <= before {
			t.Errorf("%s of %s: id %s after %d", who, session, d.id, before)
		}
		before = servertest.Position(d.id)
		if seen[d.text] {
			t.Errorf("%s of %s: %q twice", who, session, d.text)
		}
		seen[d.text] = true
		id, ok := a.events[session][d.text]
		switch {
		case ok && id != d.id:
			t.Errorf("%s of %s: %q has id %s, and was acknowledged with %s", who, session, d.text, d.id, id)
		case !ok && !a.uncertain[session][d.text]:
			t.Errorf("%s of %s: nobody has published %q", who, session, d.text)
		}
	}
	missing := 0
	for text := range a.events[session] {
		if !seen[text] {
			missing++
		}
	}
	if missing > 0 {
		t.Errorf("%s of %s: %d of %d acknowledged events are missing", who, session, missing, len(a.events[session]))
	}
}

// collector reads a session from its beginning, over any number of connections.
type collector struct {
	session string
	at      atomic.Uint64

	mu     sync.Mutex
	events []delivered
}

// readings are collectors that end together.
type readings struct {
	t   *testing.T
	ctx context.Context
	end func() // ends all collectors and waits for them
	wg  sync.WaitGroup
	all []*collector
}

func newReadings(t *testing.T) *readings {
	r := &readings{t: t}
	ctx, cancel := context.WithCancel(t.Context())
	r.ctx, r.end = ctx, func() { cancel(); r.wg.Wait() }
	return r
}

// collect starts to read a session at an address.
func (r *readings) collect(address, session string) {
	t := r.t
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	c, err := mix.NewClient((&url.URL{Scheme: "http", Host: address}).String(),
		client.WithHTTPClient(&http.Client{Transport: transport}),
		client.WithRetryPolicy(client.RetryPolicy{InitialInterval: 20 * time.Millisecond, MaxInterval: 300 * time.Millisecond, MaxElapsedTime: servertest.Patience}))
	if err != nil {
		t.Fatal(err)
	}
	co := &collector{session: session}
	from := "0"
	s, err := c.StreamEvents(r.ctx, session, &from)
	if err != nil {
		t.Fatal(err)
	}
	r.all = append(r.all, co)
	r.wg.Go(func() {
		defer s.Close()
		for e, err := range s.All() {
			if err != nil {
				if r.ctx.Err() == nil {
					t.Errorf("a reader of %s at %s: %v", session, s.LastEventID(), err)
				}
				return
			}
			if data, ok := e.Data.(*gen.ContentData); ok {
				co.mu.Lock()
				co.events = append(co.events, delivered{e.ID, data.Content})
				co.mu.Unlock()
				co.at.Store(servertest.Position(e.ID))
			}
		}
	})
}

// check waits until all readers have every acknowledged event, and checks these.
func (r *readings) check(a *acked) {
	r.t.Helper()
	all := make(map[string]int)
	for _, c := range r.all {
		servertest.Until(r.t, "a reader is at the last event", func() bool { return c.at.Load() >= a.last(c.session) })
		all[c.session] = max(all[c.session], len(c.got()))
	}
	for i, c := range r.all {
		a.check(r.t, fmt.Sprint("reader ", i), c.session, c.got())
	}
	if r.t.Failed() {
		return
	}
	for _, c := range r.all {
		// Events that were not acknowledged may come later.
		for range 500 {
			if len(c.got()) >= all[c.session] {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	for i, c := range r.all {
		for j, other := range r.all[:i] {
			if other.session == c.session {
				wantSame(r.t, i, c.got(), j, other.got())
			}
		}
	}
}

// wantSame checks that two readers have the same events.
func wantSame(t *testing.T, i int, a []delivered, j int, b []delivered) {
	t.Helper()
	for n := range min(len(a), len(b)) {
		if a[n] != b[n] {
			t.Fatalf("event %d is %v for reader %d, and %v for reader %d", n, a[n], i, b[n], j)
		}
	}
	if len(a) != len(b) {
		t.Fatalf("reader %d has %d events, and reader %d has %d; the last are %v and %v", i, len(a), j, len(b), a[len(a)-1], b[len(b)-1])
	}
}

func (c *collector) got() []delivered {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.events)
}

// sessionNames returns the names of n sessions.
func sessionNames(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprint("session-", i)
	}
	return names
}
