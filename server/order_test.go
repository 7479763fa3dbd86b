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
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
	"github.com/mixstream/mixstream/sse"
)

// Many goroutines publish to one session while others create and delete sessions of its
// scope and of another. All readers see the same events, ids only grow, and a resume at
// any id gives exactly the rest.
func TestOrder(t *testing.T) { servertest.BothModes(t, testOrder) }

func testOrder(t *testing.T, mode servertest.Mode) {
	const session = "a/s"
	publishers, perPublisher, readers := 8, servertest.AtScale(40, 400), servertest.AtScale(12, 60)
	seed := servertest.Seed(t)
	srv, ts := mode.Start(t, servertest.Tenants(), server.WithTiming(server.Timing{Heartbeat: time.Hour}))
	created := servertest.CreateSession(t, srv, session)
	start := servertest.Before(t, created)

	acknowledged := newAcks(created)
	seen := make([][]servertest.Event, readers)
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
		ids = append(ids, e.ID)
	}
	if want := acknowledged.sorted(); !slices.Equal(ids, want) {
		t.Errorf("%d events came, %d were acknowledged, or ids did not grow", len(ids), len(want))
	}
	random := rand.New(rand.NewPCG(seed, 1<<32))
	for _, i := range random.Perm(len(order) - 1)[:min(len(order)-1, servertest.AtScale(60, 300))] {
		rest, err := follow(t, ts, session, order[i].ID, random, 0)
		if err != nil || !slices.Equal(rest, order[i+1:]) {
			t.Fatalf("resume after event %d of %d: got %d events, or others; %v", i, len(order), len(rest), err)
		}
	}
	if res := servertest.Get(t, ts, servertest.StreamURL(ts, session), order[len(order)-1].ID); res.StatusCode != http.StatusNoContent {
		t.Errorf("resume at the end: %s", res.Status)
	}
}

// follow reads a session from a position to its end, and cuts itself off this many times.
func follow(t *testing.T, ts *httptest.Server, session, at string, random *rand.Rand, cuts int) (all []servertest.Event, err error) {
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
			at = all[len(all)-1].ID
		}
	}
}

// followOnce reads n events, or all if n is negative.
func followOnce(t *testing.T, ts *httptest.Server, session, at string, n int) (part []servertest.Event, end bool, err error) {
	res, err := servertest.Try(t, ts, servertest.StreamURL(ts, session), at)
	if err != nil {
		return nil, false, err
	}
	defer res.Body.Close()
	dec := sse.NewDecoder(res.Body)
	for {
		e, err := servertest.ReadEvent(dec)
		switch {
		case err != nil && !errors.Is(err, io.EOF):
			return nil, false, err
		case err != nil:
			return nil, false, errors.New("the stream ended before session_deleted")
		case e.Name == "connected" && e.ID == at:
			continue
		case e.Name == "connected" || servertest.IsGap(e):
			return nil, false, fmt.Errorf("resumed at %s, got %+v", at, e)
		case len(part) == n:
			return part, false, nil
		}
		part = append(part, e)
		if data, ok := gen.StreamEvents.Decode(e.Name, []byte(e.Data)).(*gen.SessionDeletedData); ok && data.SessionID == session {
			_, err := servertest.ReadEvent(dec)
			if !errors.Is(err, io.EOF) {
				return nil, false, fmt.Errorf("after session_deleted: %w", err)
			}
			return part, true, nil
		}
	}
}

// publishMixed publishes to a session, and creates and deletes other sessions of its scope
// and of another.
func publishMixed(t *testing.T, srv *mix.Server, acknowledged *acks, random *rand.Rand, session string, publisher, n int) {
	ctx := context.Background()
	for i := range n {
		switch random.IntN(8) {
		case 0:
			other := fmt.Sprintf("a/%d-%d", publisher, i)
			acknowledged.add(t)(srv.CreateSession(ctx, other, ""))
			if _, err := srv.Publish(ctx, other, servertest.Content("for others")); err != nil {
				t.Error(err)
			}
			acknowledged.add(t)(srv.DeleteSession(ctx, other))
		case 1:
			foreign := fmt.Sprintf("b/%d-%d", publisher, i)
			if _, err := srv.CreateSession(ctx, foreign, ""); err != nil {
				t.Error(err)
			}
		default:
			acknowledged.add(t)(srv.Publish(ctx, session, servertest.Content(strings.Repeat("x", random.IntN(400)))))
		}
	}
}

// acks are the ids that the server has returned.
type acks struct {
	mu  sync.Mutex
	ids []string
}

// add returns a function that takes the results of a call of the server.
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

// sorted returns the ids in order. All have the same number of digits.
func (a *acks) sorted() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Sorted(slices.Values(a.ids))
}

func newAcks(ids ...string) *acks { return &acks{ids: ids} }

// Many goroutines publish to many sessions and scopes while readers come and go and resume
// at any id that they have seen. No reader misses an event, and no id is lower than one
// before it.
func TestHammer(t *testing.T) { servertest.BothModes(t, testHammer) }

func testHammer(t *testing.T, mode servertest.Mode) {
	seed := servertest.Seed(t)
	const publishers, perPublisher, readers = 2, 150, 3
	sessions := []string{"a/1", "a/2", "b/1", "b/2", "c/1"}
	srv, ts := mode.Start(t, servertest.Tenants(), server.WithTiming(server.Timing{Heartbeat: 5 * time.Millisecond}))
	record := &history{ids: make(map[string][]uint64)}
	begin := make(map[string]string)
	for _, s := range sessions {
		begin[s] = servertest.Publish(t, srv, s, "")
	}
	start := begin[sessions[len(sessions)-1]]

	var published, read sync.WaitGroup
	for i, session := range sessions {
		for p := range publishers {
			published.Go(func() { hammerPublish(t, srv, record, session, p, perPublisher) })
		}
		for n := range readers {
			random := rand.New(rand.NewPCG(seed, uint64(i*readers+n)))
			read.Go(func() {
				if err := hammerRead(t, ts, record, random, session, start); err != nil {
					t.Errorf("%s: %v", session, err)
				}
			})
		}
	}
	published.Wait()
	for _, session := range sessions {
		record.add(session, servertest.Publish(t, srv, session, "done"))
	}
	read.Wait()
}

// history is what was published, by session and by scope.
type history struct {
	mu  sync.Mutex
	ids map[string][]uint64
}

func (h *history) add(to, id string) {
	n, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		panic(err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ids[to] = append(h.ids[to], n)
}

// of returns what a reader of the session gets up to an id.
func (h *history) of(session string, end uint64) []uint64 {
	scope, _, _ := strings.Cut(session, "/")
	h.mu.Lock()
	defer h.mu.Unlock()
	all := slices.Concat(h.ids[session], h.ids[scope])
	slices.Sort(all)
	return slices.DeleteFunc(all, func(id uint64) bool { return id > end })
}

// hammerPublish publishes to a session, and now and then to its scope.
func hammerPublish(t *testing.T, srv *mix.Server, record *history, session string, publisher, n int) {
	ctx := context.Background()
	scope, _, _ := strings.Cut(session, "/")
	for i := range n {
		id, err := srv.Publish(ctx, session, servertest.Content(strings.Repeat("x", i)))
		if err != nil {
			t.Error(err)
			return
		}
		record.add(session, id)
		if i%20 != 0 {
			continue
		}
		other := fmt.Sprintf("%s-%d-%d", session, publisher, i)
		created, err := srv.CreateSession(ctx, other, "")
		if err != nil {
			t.Error(err)
			return
		}
		record.add(scope, created)
		if i%40 == 0 {
			deleted, err := srv.DeleteSession(ctx, other)
			if err != nil {
				t.Error(err)
				return
			}
			record.add(scope, deleted)
		}
	}
}

// hammerRead reads a session to its end over many connections.
func hammerRead(t *testing.T, ts *httptest.Server, record *history, random *rand.Rand, session, start string) error {
	seen := []string{start}     // every id of the stream, in order
	got := make(map[uint64]int) // by id: how often an event of the log came
	for deadline := time.Now().Add(servertest.Patience); time.Now().Before(deadline); {
		at := len(seen) - 1
		if random.IntN(3) == 0 {
			at = random.IntN(len(seen)) // as a client does that has lost its memory
		}
		seen = seen[:at+1]
		end, err := hammerConnection(t, ts, random, session, &seen, got)
		if err != nil {
			return err
		}
		if end == 0 {
			continue
		}
		var missed []uint64
		want := record.of(session, end)
		for _, id := range want {
			if got[id] == 0 {
				missed = append(missed, id)
			}
		}
		if len(missed) > 0 || len(got) != len(want) {
			return fmt.Errorf("missed %v; got %d events, want %d", missed, len(got), len(want))
		}
		return nil
	}
	return fmt.Errorf("not at the end after %v", servertest.Patience)
}

// hammerConnection reads a few events. It returns the id of the last event of the session,
// or 0 before that comes.
func hammerConnection(t *testing.T, ts *httptest.Server, random *rand.Rand, session string, seen *[]string, got map[uint64]int) (end uint64, err error) {
	from := (*seen)[len(*seen)-1]
	res, err := servertest.Try(t, ts, servertest.StreamURL(ts, session), from)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	dec := sse.NewDecoder(res.Body)
	var last uint64
	for n := 1 + random.IntN(200); n > 0; n-- {
		e, err := servertest.ReadEvent(dec)
		if err != nil {
			return 0, err
		}
		id, err := strconv.ParseUint(e.ID, 10, 64)
		switch {
		case err != nil:
			return 0, err
		case servertest.IsGap(e):
			return 0, fmt.Errorf("a false gap: %+v after %s", e, from)
		case e.Name == "connected":
			if e.ID != from {
				return 0, fmt.Errorf("connected at %s, asked for %s", e.ID, from)
			}
		case e.Name == "heartbeat":
			if id < last {
				return 0, fmt.Errorf("heartbeat %d after %d", id, last)
			}
		case id <= last:
			return 0, fmt.Errorf("id %d after %d", id, last)
		default:
			got[id]++
		}
		last = id
		*seen = append(*seen, e.ID)
		if strings.Contains(e.Data, `"done"`) {
			return id, nil
		}
	}
	return 0, nil
}
