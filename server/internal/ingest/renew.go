package ingest

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/mixstream/mixstream/eventlog"
)

// longestKey is the length of the longest Idempotency-Key.
const longestKey = 255

// renewEvery is how often a request renews its key, and how long that may take.
const renewEvery = eventlog.KeyLife / 6

// useKeyOf makes the request use its Idempotency-Key, if it has one.
func (q *request) useKeyOf(r *http.Request) error {
	values := r.Header["Idempotency-Key"]
	switch {
	case len(values) == 0:
		return nil
	case len(values) > 1:
		return malformed(fmt.Sprintf("header Idempotency-Key: it comes %d times", len(values)), true)
	case values[0] == "" || len(values[0]) > longestKey:
		return malformed(fmt.Sprintf("header Idempotency-Key: it must have 1 to %d characters", longestKey), true)
	}
	k := <-q.keyLock
	k.name, q.keyed = "publish/"+values[0], true
	q.keyLock <- k
	return nil
}

// takeKey returns the key once no renewal uses it. The caller must give it back.
func (q *request) takeKey(ctx context.Context) (*key, error) {
	select {
	case k := <-q.keyLock:
		return k, nil
	default:
	}
	select {
	case k := <-q.keyLock:
		return k, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (q *request) giveBack(k *key) { q.keyLock <- k }

// keepKey renews the key while the body is on its way, so that the log remembers it however
// long the next event takes. The function that it returns ends that.
func (q *request) keepKey(ctx context.Context) (stop func()) {
	if !q.keyed {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		again := time.NewTicker(renewEvery)
		defer again.Stop()
		for {
			select {
			case <-again.C:
				q.renewUnused(ctx)
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

// renewUnused renews the key, unless an append uses it: that renews the key as well.
func (q *request) renewUnused(ctx context.Context) {
	select {
	case k := <-q.keyLock:
		defer q.giveBack(k)
		ctx, cancel := context.WithTimeout(ctx, renewEvery)
		defer cancel()
		q.renew(ctx, k, false)
	default:
	}
}

// renew makes the log remember the key, or learns that another request is ahead under it.
func (q *request) renew(ctx context.Context, k *key, last bool) {
	at := k.forAppend(last)
	_, err := q.to.Append(ctx, at, nil)
	k.renewed(at, err)
}
