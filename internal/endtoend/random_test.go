package endtoend_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
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
	a := newAudience(t, sessions)
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

	for i := range a.sessions {
		a.sessions[i] = fmt.Sprintf("scope%d/s%d", i%scopes, i)
		name := a.sessions[i]
		a.note(t, scopeOf(name), "created "+name)(srv.CreateSession(t.Context(), name, ""))
	}
	for range 2 {
		for _, name := range a.sessions {
			a.read(c, name)
		}
	}
	var writers sync.WaitGroup
	for p := range publishers {
		rnd := rand.New(rand.NewPCG(seed, uint64(p)+1))
		writers.Go(func() {
			for i := range perPublisher {
				name, text := a.sessions[rnd.IntN(sessions)], fmt.Sprint(p, "-", i)
				if rnd.IntN(10) > 0 {
					a.note(t, name, text)(srv.Publish(context.Background(), name, servertest.Content(text)))
					continue
				}
				scope := scopeOf(name)
				other := scope + "/other-" + text
				a.note(t, scope, "created "+other)(srv.CreateSession(context.Background(), other, ""))
				a.note(t, scope, "deleted "+other)(srv.DeleteSession(context.Background(), other))
			}
		})
	}
	writers.Wait()
	a.finish(srv)
}
