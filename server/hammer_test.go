package server_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
	"github.com/mixstream/mixstream/sse"
)

var seedFlag = flag.Uint64("hammer.seed", 0, "the seed of TestHammer; 0 takes one from the clock")

// Many publish to many sessions and scopes while readers come and go, and resume
// at any id that they have seen: nobody misses an event, and no id is lower than
// one before it.
func TestHammer(t *testing.T) {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("-hammer.seed=%d", seed)

	const publishers, perPublisher, readers = 2, 150, 3
	sessions := []string{"a/1", "a/2", "b/1", "b/2", "c/1"}
	srv := newServer(t, tenants(), server.WithHeartbeat(5*time.Millisecond))
	ts := serve(t, srv)
	record := &history{ids: make(map[string][]uint64)}
	begin := make(map[string]string)
	for _, s := range sessions {
		begin[s] = publish(t, srv, s, "")
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
		record.add(session, publish(t, srv, session, "done"))
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
		id, err := srv.Publish(ctx, session, content(strings.Repeat("x", i)))
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
	got := make(map[uint64]int) // the events that are in the log, and how often they came
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		at := len(seen) - 1
		if random.IntN(3) == 0 {
			at = random.IntN(len(seen)) // as a client that has lost its memory
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
	return fmt.Errorf("not at the end after %v", patience)
}

// hammerConnection reads a few events, and returns the id of the last one of the session.
func hammerConnection(t *testing.T, ts *httptest.Server, random *rand.Rand, session string, seen *[]string, got map[uint64]int) (end uint64, err error) {
	from := (*seen)[len(*seen)-1]
	res, err := try(t, ts, streamURL(ts, session), from)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	dec := sse.NewDecoder(res.Body)
	var last uint64
	for n := 1 + random.IntN(200); n > 0; n-- {
		e, err := read(dec)
		if err != nil {
			return 0, err
		}
		id, err := strconv.ParseUint(e.id, 10, 64)
		switch {
		case err != nil:
			return 0, err
		case isGap(e):
			return 0, fmt.Errorf("a false gap: %+v after %s", e, from)
		case e.name == "connected":
			if e.id != from {
				return 0, fmt.Errorf("connected at %s, asked for %s", e.id, from)
			}
		case e.name == "heartbeat":
			if id < last {
				return 0, fmt.Errorf("heartbeat %d after %d", id, last)
			}
		case id <= last:
			return 0, fmt.Errorf("id %d after %d", id, last)
		default:
			got[id]++
		}
		last = id
		*seen = append(*seen, e.id)
		if strings.Contains(e.data, `"done"`) {
			return id, nil
		}
	}
	return 0, nil
}
