package server_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mixstream/mixstream/mix"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/server"
	"github.com/mixstream/mixstream/sse"
)

// newSeed returns the seed of a randomised test and says how to repeat it.
func newSeed(t *testing.T) uint64 {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("-hammer.seed=%d", seed)
	return seed
}

// Many publish to one session while others of its scope, and of another scope, are
// made and deleted: all readers see the same, ids only grow, and a resume at any
// id gives exactly the rest.
func TestOrder(t *testing.T) {
	const session = "a/s"
	publishers, perPublisher, readers := 8, atScale(40, 400), atScale(12, 60)
	seed := newSeed(t)
	srv := newServer(t, tenants(), server.WithHeartbeat(time.Hour))
	ts := serve(t, srv)
	created := create(t, srv, session)
	start := before(t, created)

	acknowledged := newAcks(created)
	seen := make([][]event, readers)
	var writing, reading sync.WaitGroup
	for i := range seen {
		random := rand.New(rand.NewPCG(seed, uint64(i)))
		reading.Go(func() {
			cuts := 0
			if i%2 == 1 {
				cuts = 5
			}
			var err error
			if seen[i], err = follow(t, ts, session, start, random, cuts); err != nil {
				t.Errorf("reader %d: %v", i, err)
			}
		})
	}
	for p := range publishers {
		random := rand.New(rand.NewPCG(seed, uint64(readers+p)))
		writing.Go(func() { publishMixed(t, srv, acknowledged, random, session, p, perPublisher) })
	}
	writing.Wait()
	acknowledged.add(t)(srv.DeleteSession(t.Context(), session))
	reading.Wait()
	if t.Failed() {
		return
	}

	order := seen[0]
	for i, other := range seen {
		if !slices.Equal(other, order) {
			t.Errorf("reader %d saw %d events, and reader 0 %d, or in another order", i, len(other), len(order))
		}
	}
	var ids []string
	for _, e := range order {
		ids = append(ids, e.id)
	}
	if want := acknowledged.sorted(); !slices.Equal(ids, want) {
		t.Errorf("%d events came, %d were acknowledged, or ids did not grow", len(ids), len(want))
	}
	random := rand.New(rand.NewPCG(seed, 1<<32))
	for _, i := range random.Perm(len(order) - 1)[:min(len(order)-1, atScale(60, 300))] {
		rest, err := follow(t, ts, session, order[i].id, random, 0)
		if err != nil || !slices.Equal(rest, order[i+1:]) {
			t.Fatalf("resume after event %d of %d: got %d events, or others; %v", i, len(order), len(rest), err)
		}
	}
	if res := get(t, ts, streamURL(ts, session), order[len(order)-1].id); res.StatusCode != http.StatusNoContent {
		t.Errorf("resume at the end: %s", res.Status)
	}
}

// follow reads a session from a position to its end, and cuts itself off that often.
func follow(t *testing.T, ts *httptest.Server, session, at string, random *rand.Rand, cuts int) (all []event, err error) {
	for ; ; cuts-- {
		n := -1
		if cuts > 0 {
			n = random.IntN(60)
		}
		part, end, err := followOnce(t, ts, session, at, n)
		if err != nil {
			return nil, err
		}
		if all = append(all, part...); end {
			return all, nil
		}
		if len(all) > 0 {
			at = all[len(all)-1].id
		}
	}
}

// followOnce reads n events, or all if n is negative.
func followOnce(t *testing.T, ts *httptest.Server, session, at string, n int) (part []event, end bool, err error) {
	res, err := try(t, ts, streamURL(ts, session), at)
	if err != nil {
		return nil, false, err
	}
	defer res.Body.Close()
	dec := sse.NewDecoder(res.Body)
	for {
		e, err := read(dec)
		switch {
		case err != nil && !errors.Is(err, io.EOF):
			return nil, false, err
		case err != nil:
			return nil, false, errors.New("the stream ended before session_deleted")
		case e.name == "connected" && e.id == at:
			continue
		case e.name == "connected" || isGap(e):
			return nil, false, fmt.Errorf("resumed at %s, got %+v", at, e)
		case len(part) == n:
			return part, false, nil
		}
		part = append(part, e)
		if data, ok := gen.StreamEvents.Decode(e.name, []byte(e.data)).(*gen.SessionDeletedData); ok && data.SessionID == session {
			_, err := read(dec)
			if !errors.Is(err, io.EOF) {
				return nil, false, fmt.Errorf("after session_deleted: %w", err)
			}
			return part, true, nil
		}
	}
}

// publishMixed publishes to a session, and makes and deletes others of its scope
// and of another.
func publishMixed(t *testing.T, srv *mix.Server, acknowledged *acks, random *rand.Rand, session string, publisher, n int) {
	ctx := context.Background()
	for i := range n {
		switch random.IntN(8) {
		case 0:
			other := fmt.Sprintf("a/%d-%d", publisher, i)
			acknowledged.add(t)(srv.CreateSession(ctx, other, ""))
			if _, err := srv.Publish(ctx, other, content("for others")); err != nil {
				t.Error(err)
			}
			acknowledged.add(t)(srv.DeleteSession(ctx, other))
		case 1:
			foreign := fmt.Sprintf("b/%d-%d", publisher, i)
			if _, err := srv.CreateSession(ctx, foreign, ""); err != nil {
				t.Error(err)
			}
		default:
			acknowledged.add(t)(srv.Publish(ctx, session, content(strings.Repeat("x", random.IntN(400)))))
		}
	}
}

// acks are the ids that the server has returned.
type acks struct {
	mu  sync.Mutex
	ids []string
}

func newAcks(ids ...string) *acks { return &acks{ids: ids} }

// add returns a function that takes what a call of the server returns.
func (a *acks) add(t *testing.T) func(id string, err error) {
	return func(id string, err error) {
		if err != nil {
			t.Error(err)
			return
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		a.ids = append(a.ids, id)
	}
}

// sorted returns the ids in the order of their numbers, which have as many digits.
func (a *acks) sorted() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Sorted(slices.Values(a.ids))
}
