package natslog

import (
	"context"
	"sync"

	"github.com/nats-io/nats.go"
)

// caches are the subjects that have readers in this process.
type caches struct {
	*store
	live chan *nats.Msg // what the stream republishes

	mu        sync.Mutex // guards the fields below, and those of a cache that say so
	bySubject map[string]*cache
	young     []*cache // opened since the last comparison
}

// liveMessages is how many live messages may wait for deliverLoop.
const liveMessages = 1 << 14

// follow returns the cache of a subject. It makes and opens one like c if there is
// none. The caller must unfollow it.
func (cs *caches) follow(ctx context.Context, c *cache) (*cache, error) {
	cs.mu.Lock()
	known := cs.bySubject[c.subject]
	first := known == nil
	if first {
		c.opening = &opening{done: make(chan struct{})}
		cs.bySubject[c.subject] = c
	} else {
		c = known
	}
	c.refs++
	o := c.opening
	cs.mu.Unlock()
	switch {
	case first:
		// Other callers may wait for it, so it opens whatever becomes of this one.
		o.err = cs.openCache(context.WithoutCancel(ctx), c)
		cs.mu.Lock()
		c.opening = nil
		cs.young = append(cs.young, c)
		if o.err != nil {
			delete(cs.bySubject, c.subject)
		}
		cs.mu.Unlock()
		close(o.done)
	case o != nil:
		select {
		case <-o.done:
		case <-ctx.Done():
			cs.unfollow(c)
			return nil, ctx.Err()
		}
	}
	if o != nil && o.err != nil {
		cs.unfollow(c)
		return nil, o.err
	}
	return c, nil
}

// openCache subscribes to a subject, and only then looks for its end. What comes after
// that is delivered, or missed as any live message may be.
func (cs *caches) openCache(ctx context.Context, c *cache) (err error) {
	if c.sub, err = cs.nc.ChanSubscribe(cs.subjects.live(c.subject), cs.live); err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, cs.options.RequestTimeout)
	defer cancel()
	if err := cs.nc.FlushWithContext(limited); err != nil {
		return err
	}
	b, err := cs.knownBounds(limited)
	if err != nil {
		return err
	}
	end, err := cs.askEnd(ctx, c.subject)
	if err != nil {
		return err
	}
	last := end.ID
	if last == 0 {
		var empty mark
		if c.ofSession {
			r, err := cs.loadRecord(limited, c.session)
			if err != nil {
				return err
			}
			empty = r.mark()
		}
		last = empty.within(cs.known.start.Load(), bounds{First: end.first})
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if last >= c.last { // otherwise something has come meanwhile
		c.last, c.from, c.recent, c.bytes = last, last, nil, 0
	}
	c.through = max(c.through, c.last, b.Last)
	return nil
}

// unfollow undoes follow. A cache ends with its last reader.
func (cs *caches) unfollow(c *cache) {
	cs.mu.Lock()
	c.refs--
	over := c.refs == 0
	if over && cs.bySubject[c.subject] == c {
		delete(cs.bySubject, c.subject)
	}
	cs.mu.Unlock()
	if over && c.sub != nil {
		_ = c.sub.Unsubscribe() // it fails only if the connection has ended
	}
}

// deliverLoop passes live messages to their caches until the log is closed.
func (cs *caches) deliverLoop() {
	for {
		select {
		case m := <-cs.live:
			if cs.options.dropLive != nil && cs.options.dropLive(m) {
				continue
			}
			cs.mu.Lock()
			c := cs.bySubject[cs.subjects.ofLive(m.Subject)]
			cs.mu.Unlock()
			if c == nil {
				continue
			}
			if parsed, ok := parseDelivery(m); ok {
				c.take(&parsed, cs.cacheEntries)
			}
		case <-cs.life.ctx.Done():
			return
		}
	}
}

// opened returns the caches that are open.
func (cs *caches) opened() []*cache {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	open := make([]*cache, 0, len(cs.bySubject))
	for _, c := range cs.bySubject {
		if c.opening == nil {
			open = append(open, c)
		}
	}
	return open
}

// takeYoung returns the caches that were opened since the last call.
func (cs *caches) takeYoung() []*cache {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	young := cs.young
	cs.young = nil
	return young
}

// startOver tells all caches that positions up to start are gone, and wakes their
// readers.
func (cs *caches) startOver(start uint64) {
	cs.mu.Lock()
	all := make([]*cache, 0, len(cs.bySubject))
	for _, c := range cs.bySubject {
		all = append(all, c)
	}
	cs.mu.Unlock()
	for _, c := range all {
		c.raiseFloor(start)
		c.wakeAll()
	}
}
