package server_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
	"github.com/mixstream/mixstream/sse"
)

// Many goroutines publish to sessions of two scopes while others create and delete sessions of
// these scopes. Readers come and go, and resume at any id that they have seen, that of a heartbeat
// among them. All readers of a session see the same events once each, ids only grow, and a resume
// at any id gives exactly the rest.
func TestOrder(t *testing.T) { servertest.BothModes(t, testOrder) }

func testOrder(t *testing.T, mode servertest.Mode) {
	sessions := []string{"a/1", "a/2", "b/1"}
	publishers, each, readers := 4, servertest.AtScale(60, 400), servertest.AtScale(4, 20)
	seed := servertest.Seed(t)
	srv, ts := mode.Start(t, servertest.Tenants(), server.WithTiming(server.Timing{Heartbeat: 5 * time.Millisecond}))
	h := &history{ids: make(map[string][]string)}
	start := ""
	for _, session := range sessions {
		start = servertest.Publish(t, srv, session, "")
	}
	seen := make(map[string][][]servertest.Event)
	var writing, reading sync.WaitGroup
	for i, session := range sessions {
		all := make([][]servertest.Event, readers)
		seen[session] = all
		for n := range all {
			random := rand.New(rand.NewPCG(seed, uint64(i*readers+n)))
			reading.Go(func() {
				var err error
				if all[n], err = follow(t, ts, random, session, start, 5*(n%2)); err != nil {
					t.Errorf("reader %d of %s: %v", n, session, err)
				}
			})
		}
		for p := range publishers {
			random := rand.New(rand.NewPCG(seed, uint64(1000+i*publishers+p)))
			writing.Go(func() { publishMixed(t, srv, h, random, session, p, each) })
		}
	}
	writing.Wait()
	for _, session := range sessions { // the last event, behind all others of the scope
		h.add(t, session)(srv.Publish(t.Context(), session, servertest.Content("done")))
	}
	reading.Wait()
	if t.Failed() {
		return
	}
	for session, all := range seen {
		order := all[0]
		for i, other := range all {
			if !slices.Equal(other, order) {
				t.Errorf("reader %d of %s saw %d events, and reader 0 saw %d, or others", i, session, len(other), len(order))
			}
		}
		ids := make([]string, len(order))
		for i, e := range order {
			ids[i] = e.ID
		}
		if want := h.of(session, ids[len(ids)-1]); !slices.Equal(ids, want) {
			t.Errorf("%s: %d events came, %d were published, or ids did not grow", session, len(ids), len(want))
		}
		random := rand.New(rand.NewPCG(seed, 1<<32))
		for _, i := range random.Perm(len(order) - 1)[:min(len(order)-1, servertest.AtScale(20, 300))] {
			rest, err := follow(t, ts, random, session, order[i].ID, 0)
			if err != nil || !slices.Equal(rest, order[i+1:]) {
				t.Fatalf("resume after event %d of %d: got %d events, or others; %v", i, len(order), len(rest), err)
			}
		}
	}
}

// follow reads a session from a position to its last event, without heartbeats. It cuts itself off
// this many times, and each time resumes at any id that it has seen.
func follow(t *testing.T, ts *httptest.Server, random *rand.Rand, session, at string, cuts int) (all []servertest.Event, err error) {
	var seen []servertest.Event // every event, also heartbeats, in order
	for ; ; cuts-- {
		n := 0
		if cuts > 0 {
			n = 1 + random.IntN(60)
		}
		end, err := followOnce(t, ts, session, at, n, &seen)
		if err != nil {
			return nil, err
		}
		if end {
			return slices.DeleteFunc(seen, func(e servertest.Event) bool { return e.Name == "heartbeat" }), nil
		}
		back := random.IntN(min(len(seen), 20)) // as a client does that has lost some of what it has seen
		seen = seen[:len(seen)-back]
		at = seen[len(seen)-1].ID
	}
}

// followOnce reads n events, or all if n is 0, and reports whether the last one was among them.
func followOnce(t *testing.T, ts *httptest.Server, session, at string, n int, seen *[]servertest.Event) (end bool, err error) {
	res, err := servertest.Try(t, ts, servertest.StreamURL(ts, session), at)
	if err != nil {
		return false, err
	}
	defer res.Body.Close()
	dec := sse.NewDecoder(res.Body)
	if e, err := servertest.ReadEvent(dec); err != nil || e.Name != "connected" || e.ID != at {
		return false, fmt.Errorf("resumed at %s, got %+v, %w", at, e, err)
	}
	for last := at; ; n-- {
		e, err := servertest.ReadEvent(dec)
		switch {
		case err != nil:
			return false, fmt.Errorf("before the last event: %w", err)
		case servertest.IsGap(e), e.Name == "connected", e.ID < last, e.ID == last && e.Name != "heartbeat": // all ids have as many digits
			return false, fmt.Errorf("after %s, got %+v", last, e)
		}
		last = e.ID
		*seen = append(*seen, e)
		if end = strings.Contains(e.Data, `"done"`); end || n == 1 {
			return end, nil
		}
	}
}

// publishMixed publishes to a session, and creates and deletes other sessions of its scope.
func publishMixed(t *testing.T, srv *mix.Server, h *history, random *rand.Rand, session string, publisher, n int) {
	ctx := context.Background()
	scope, _, _ := strings.Cut(session, "/")
	for i := range n {
		if random.IntN(8) > 0 {
			h.add(t, session)(srv.Publish(ctx, session, servertest.Content(strings.Repeat("x", random.IntN(400)))))
			continue
		}
		other := fmt.Sprintf("%s-%d-%d", session, publisher, i)
		h.add(t, scope)(srv.CreateSession(ctx, other, ""))
		if _, err := srv.Publish(ctx, other, servertest.Content("for others")); err != nil {
			t.Error(err)
		}
		h.add(t, scope)(srv.DeleteSession(ctx, other))
	}
}

// history is what was published, by session and by scope.
type history struct {
	mu  sync.Mutex
	ids map[string][]string
}

// add returns a function that takes the results of a call of the server.
func (h *history) add(t *testing.T, to string) func(id string, err error) {
	return func(id string, err error) {
		if err != nil {
			t.Error(err)
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		h.ids[to] = append(h.ids[to], id)
	}
}

// of returns what a reader of the session gets up to an id.
func (h *history) of(session, end string) []string {
	scope, _, _ := strings.Cut(session, "/")
	all := slices.Concat(h.ids[session], h.ids[scope])
	slices.Sort(all)
	return slices.DeleteFunc(all, func(id string) bool { return id > end })
}
