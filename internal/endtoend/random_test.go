package endtoend_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/streamtest"
)

// Many goroutines publish to many sessions of several scopes, and create and delete others
// beside them, while readers are cut off at random and resume. Each reader sees exactly
// the events of its session and scope, in order.
func TestRandomised(t *testing.T) {
	const sessions, scopes, publishers, perPublisher = 6, 2, 4, 150
	seed := servertest.Seed(t)
	srv := newServer(t, servertest.Tenants())
	var names []string
	for i := range sessions {
		names = append(names, fmt.Sprintf("scope%d/s%d", i%scopes, i))
	}
	var mu sync.Mutex
	rnd := rand.New(rand.NewPCG(seed, 0)) // of the proxy; guarded by mu
	c := newClient(t, serveOn(t, streamtest.NewProxy(serveOn(t, srv), func(_ *http.Request, block []byte) ([]byte, bool) {
		mu.Lock()
		defer mu.Unlock()
		if rnd.IntN(20) == 0 {
			return block[:rnd.IntN(len(block)+1)], true
		}
		return block, false
	})), client.WithRetryPolicy(client.RetryPolicy{InitialInterval: time.Millisecond, MaxInterval: 2 * time.Millisecond}))

	book := &acknowledgements{}
	for _, name := range names {
		book.note(t, scopeOf(name))(srv.CreateSession(t.Context(), name, ""))
	}
	received := make([][]string, 2*sessions)
	var readers, writers sync.WaitGroup
	for i := range received {
		name := names[i%sessions]
		s := open(t, c, name, "0")
		readers.Go(func() {
			for e, err := range s.All() {
				if err != nil {
					t.Errorf("reader of %s: %v", name, err)
					return
				}
				if e.Name != "connected" && e.Name != "heartbeat" {
					received[i] = append(received[i], e.ID)
				}
			}
		})
	}
	for p := range publishers {
		rnd := rand.New(rand.NewPCG(seed, uint64(p)+1))
		writers.Go(func() {
			for i := range perPublisher {
				name := names[rnd.IntN(sessions)]
				if rnd.IntN(10) > 0 {
					book.note(t, name)(srv.Publish(context.Background(), name, servertest.Content(name)))
					continue
				}
				scope := scopeOf(name)
				other := fmt.Sprintf("%s/other-%d-%d", scope, p, i)
				book.note(t, scope)(srv.CreateSession(context.Background(), other, ""))
				book.note(t, scope)(srv.DeleteSession(context.Background(), other))
			}
		})
	}
	writers.Wait()
	last := make(map[string]string)
	for _, name := range names {
		id, err := srv.DeleteSession(t.Context(), name)
		book.note(t, scopeOf(name))(id, err)
		last[name] = id
	}
	readers.Wait()
	for i, got := range received {
		name := names[i%sessions]
		want := book.visible(name)
		want = want[:slices.Index(want, last[name])+1] // the stream ends before what follows
		if !slices.Equal(got, want) {
			t.Errorf("reader of %s: got %d events, want %d; the first difference is at %d", name, len(got), len(want), firstDifference(got, want))
		}
	}
}

// acknowledgements are the ids that the server has returned, by session or scope.
type acknowledgements struct {
	mu  sync.Mutex
	ids map[string][]string
}

func scopeOf(session string) string {
	scope, _, _ := strings.Cut(session, "/")
	return scope
}

// note returns a function that takes the results of a call of the server.
func (a *acknowledgements) note(t *testing.T, place string) func(id string, err error) {
	return func(id string, err error) {
		if err != nil {
			t.Error(err)
			return
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.ids == nil {
			a.ids = make(map[string][]string)
		}
		a.ids[place] = append(a.ids[place], id)
	}
}

// visible returns the ids that a reader of the session sees, in order.
func (a *acknowledgements) visible(session string) []string {
	ids := slices.Concat(a.ids[session], a.ids[scopeOf(session)])
	slices.SortFunc(ids, func(a, b string) int { // decimal numbers without leading zeros
		return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	})
	return ids
}

func firstDifference(got, want []string) int {
	for i := range got {
		if i >= len(want) || got[i] != want[i] {
			return i
		}
	}
	return len(got)
}
