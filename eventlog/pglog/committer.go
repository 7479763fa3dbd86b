package pglog

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"time"
)

// Limits of what one call takes, so that the others do not wait for long.
const (
	batchRequests = 1024
	batchBytes    = 4 << 20 // unless one request has more
)

// committer makes all requests that wait one call of the database, one after the other.
type committer struct {
	*store
	watchers *watchers
	trimmer  *trimmer
	sessions sessions
	work     chan struct{}

	mu    sync.Mutex
	queue []*request
	drain bool       // the outbox has something
	mover chan<- int // gets how many entries of it were moved; or nil
}

func newCommitter(s *store, w *watchers, t *trimmer) *committer {
	return &committer{store: s, watchers: w, trimmer: t, work: make(chan struct{}, 1)}
}

// do makes a request, and waits for its answer.
func (c *committer) do(ctx context.Context, r *request) error {
	c.mu.Lock()
	c.queue = append(c.queue, r)
	c.mu.Unlock()
	signal(c.work)
	patience := time.NewTimer(c.options.AppendTimeout)
	defer patience.Stop()
	for {
		select {
		case err := <-r.done:
			return err
		case <-patience.C:
			if c.withdraw(r) {
				return c.state.late()
			}
		case <-ctx.Done():
			c.withdraw(r) // a request that is being made goes on
			return context.Cause(ctx)
		case <-c.life.ctx.Done():
			if c.withdraw(r) {
				return unavailable(errClosed)
			}
			return unknown(errClosed)
		}
	}
}

// withdraw takes a request out of the queue. It reports whether it was there.
func (c *committer) withdraw(r *request) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.Index(c.queue, r)
	if i >= 0 {
		c.queue = slices.Delete(c.queue, i, i+1)
	}
	return i >= 0
}

// move makes the committer move the outbox into the log: as much as one call moves, at first. The
// channel gets how many entries that were.
func (c *committer) move() <-chan int {
	moved := make(chan int, 1)
	c.mu.Lock()
	c.drain, c.mover = true, moved
	c.mu.Unlock()
	signal(c.work)
	return moved
}

// again makes the committer move more of the outbox.
func (c *committer) again() {
	c.mu.Lock()
	c.drain = true
	c.mu.Unlock()
	signal(c.work)
}

func (c *committer) run() {
	for {
		select {
		case <-c.work:
		case <-c.life.ctx.Done():
			return
		}
		for {
			c.gather()
			batch, drain, mover := c.take()
			if len(batch) == 0 && !drain {
				break
			}
			moved := c.commit(batch)
			if mover != nil {
				mover <- moved
			}
			if c.life.over() {
				return
			}
		}
	}
}

// gatherRounds is how often gather looks again: in a busy process a round can take a while.
const gatherRounds = 4

// gather lets the callers that were answered last come with their next requests, so that these
// need not wait for the call after the next. It waits for no timer, and only while more come.
func (c *committer) gather() {
	n := c.waiting()
	for range gatherRounds {
		runtime.Gosched()
		before := n
		if n = c.waiting(); n == before {
			return
		}
	}
}

// waiting returns how many requests wait.
func (c *committer) waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.queue)
}

// take takes the requests of the next call out of the queue. No two of them have the same key,
// and none has the session of one that creates it: those wait for the call after it.
func (c *committer) take() (batch []*request, drain bool, mover chan<- int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	drain, c.drain = c.drain, false
	mover, c.mover = c.mover, nil
	type name struct{ session, key stream }
	var taken map[name]bool
	blocked := make(map[stream]bool, 0)
	size := 0
	rest := c.queue[:0]
	for i, r := range c.queue {
		if len(batch) == batchRequests || len(batch) > 0 && size+r.bytes > batchBytes {
			rest = append(rest, c.queue[i:]...)
			break
		}
		alone := r.kind != appendEntries
		used := taken[name{session: r.session}]
		// What waits for an earlier one keeps later ones of its session waiting, in their order.
		if blocked[r.session] || alone && used || r.key.Valid && taken[name{r.session, r.key}] {
			blocked[r.session] = true
			rest = append(rest, r)
			continue
		}
		if taken == nil {
			taken = make(map[name]bool)
		}
		taken[name{session: r.session}] = true
		if r.key.Valid {
			taken[name{r.session, r.key}] = true
		}
		if alone {
			blocked[r.session] = true
		}
		batch = append(batch, r)
		size += r.bytes
	}
	clear(c.queue[len(rest):])
	c.queue = rest
	return batch, drain, mover
}

// putBack makes requests the first of the queue.
func (c *committer) putBack(batch []*request) {
	if len(batch) == 0 {
		return
	}
	c.mu.Lock()
	c.queue = append(batch, c.queue...)
	c.mu.Unlock()
}

// expire takes the requests out of a batch that have waited for too long.
func (c *committer) expire(batch []*request, why error) (left []*request) {
	for _, r := range batch {
		if time.Since(r.began) < c.options.AppendTimeout {
			left = append(left, r)
			continue
		}
		r.done <- unavailable(why)
	}
	return left
}
