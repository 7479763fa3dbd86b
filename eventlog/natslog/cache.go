package natslog

import (
	"slices"
	"sync"

	"github.com/nats-io/nats.go"

	"github.com/mixstream/mixstream/eventlog"
)

// Limits of what the cache of a subject holds of the latest entries. Readers that are
// further behind read the stream.
const (
	maxCached      = 256
	maxCachedBytes = 256 << 10
)

// cache is what this process knows of one subject, as long as the subject has readers.
type cache struct {
	subject   string
	session   string // the session, if the subject is that of a session
	ofSession bool
	sub       *nats.Subscription

	refs    int      // guarded by caches.mu
	opening *opening // nil: it is open; guarded by caches.mu

	mu       sync.Mutex // guards the fields below
	last     uint64     // the last message under the subject, or what it may have had up to
	through  uint64     // after last there is nothing under the subject up to this
	floor    uint64     // what is not after this is gone, or an earlier session's
	from     uint64     // recent has every entry after this up to last
	recent   []eventlog.Entry
	bytes    int  // of recent
	touched  bool // since the last call of cool
	watchers []*watcher
	asking   *coalesced[subjectEnd]
}

// opening is the state of a cache until it is open.
type opening struct {
	done chan struct{}
	err  error
}

// watcher is a reader of a cache, as far as the cache needs it.
type watcher struct{ wake func() }

// subjectEnd is the last message under a subject. If there is none, it is the first
// sequence that the stream had after that was found.
type subjectEnd struct {
	message
	first uint64
}

// raiseFloor raises the floor, and returns it.
func (c *cache) raiseFloor(floor uint64) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.floor = max(c.floor, floor)
	if floor <= c.from {
		return c.floor
	}
	if i := len(c.recent) - len(entriesAfter(c.recent, floor)); i > 0 {
		c.dropOldest(i)
	}
	c.from, c.last, c.through = floor, max(c.last, floor), max(c.through, floor)
	return c.floor
}

// take takes a message that may be the next, a later or an earlier one.
func (c *cache) take(m *message, most int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if m.ID <= c.last {
		return
	}
	missed := m.prev > c.through
	if missed || m.birth {
		// Something may have been between. Readers look for it in the stream.
		c.recent, c.bytes, c.from = nil, 0, m.prev
	}
	c.last, c.through, c.touched = m.ID, max(c.through, m.ID), true
	switch {
	case m.Name != "":
		c.recent = append(c.recent, m.Entry)
		c.bytes += cachedSize(m.Entry)
		for len(c.recent) > 1 && (len(c.recent) > most || c.bytes > maxCachedBytes) {
			c.dropOldest(1)
		}
	case !missed:
		return
	}
	for _, w := range c.watchers {
		w.wake()
	}
}

// dropOldest drops the n oldest of the recent entries. The caller holds the lock.
func (c *cache) dropOldest(n int) {
	for i := range c.recent[:n] {
		c.bytes -= cachedSize(c.recent[i])
	}
	c.from = c.recent[n-1].ID
	if c.recent = c.recent[n:]; len(c.recent) == 0 {
		c.recent = nil
	}
}

func cachedSize(e eventlog.Entry) int { return len(e.Name) + len(e.Data) + 100 }

// lastKnown returns the last message that the cache knows of.
func (c *cache) lastKnown() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
}

// knownThrough returns the position up to which the cache knows everything.
func (c *cache) knownThrough() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.through
}

// extendTo says that there is nothing more under the subject up to a position.
func (c *cache) extendTo(through uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.through = max(c.through, through)
}

// view is what is known of a subject after a position.
type view struct {
	entries []eventlog.Entry
	through uint64 // the entries are complete up to here
	behind  bool   // the cache does not hold the entries
	gap     bool   // the position is below the floor, so nothing has the entries
	last    uint64 // the last message that the cache knows of, if behind is set
}

// after returns what the cache knows after a position.
func (c *cache) after(position uint64) view {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.touched = true
	switch {
	case position >= c.last:
		if len(c.watchers) == 1 && len(c.recent) > 0 {
			c.dropOldest(len(c.recent)) // its only reader has them
			c.from = c.last
		}
		return view{through: c.through}
	case position < c.from:
		return view{through: c.through, behind: true, gap: position < c.floor, last: c.last}
	}
	return view{entries: entriesAfter(c.recent, position), through: c.through}
}

// entriesAfter returns the entries after a position. The slice has no spare capacity:
// what a caller appends must not get into what others read.
func entriesAfter(entries []eventlog.Entry, position uint64) []eventlog.Entry {
	i, _ := slices.BinarySearchFunc(entries, position, func(e eventlog.Entry, position uint64) int {
		if e.ID <= position {
			return -1
		}
		return 1
	})
	return entries[i:len(entries):len(entries)]
}

// cool drops the entries if no reader has asked for any since the last call.
func (c *cache) cool() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.touched {
		c.recent, c.bytes, c.from = nil, 0, c.last
	}
	c.touched = false
}

// wakeAll wakes the readers.
func (c *cache) wakeAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, w := range c.watchers {
		w.wake()
	}
}

func (c *cache) watch(w *watcher) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watchers = append(c.watchers, w)
}

func (c *cache) unwatch(w *watcher) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := slices.Index(c.watchers, w); i >= 0 {
		n := len(c.watchers) - 1
		c.watchers[i] = c.watchers[n]
		c.watchers[n] = nil
		c.watchers = c.watchers[:n]
	}
}
