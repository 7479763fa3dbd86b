package natslog

import (
	"slices"
	"sync"

	"github.com/nats-io/nats.go"

	"github.com/mixstream/mixstream/eventlog"
)

// What a feed holds at most of the latest entries. Readers that are further behind
// read the stream.
const (
	maxCached      = 256
	maxCachedBytes = 256 << 10
)

// feed is what this process knows of one subject, for as long as it has readers.
type feed struct {
	subject   string
	session   string // if it is that of a session
	ofSession bool
	sub       *nats.Subscription

	refs    int      // guarded by Log.mu, as is
	opening *opening // nil: it is open

	mu      sync.Mutex // guards what follows
	last    uint64     // the last message under the subject, or what it may have had up to
	through uint64     // there is nothing under the subject after last up to this
	floor   uint64     // what is not after this is gone, or an earlier session's
	from    uint64     // recent has every entry after this up to last
	recent  []eventlog.Entry
	bytes   int // of recent
	touched bool
	readers []*reader
	asking  *shared[tail]
}

// raise raises the floor of a feed, and returns it.
func (f *feed) raise(floor uint64) uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.floor = max(f.floor, floor)
	if floor <= f.from {
		return f.floor
	}
	if i := len(f.recent) - len(behind(f.recent, floor)); i > 0 {
		f.drop(i)
	}
	f.from, f.last, f.through = floor, max(f.last, floor), max(f.through, floor)
	return f.floor
}

// take takes a message that may be the next, a later or an earlier one.
func (f *feed) take(m *message, most int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if m.ID <= f.last {
		return
	}
	missed := m.prev > f.through
	if missed || m.birth {
		// Something may have been between, which readers look for in the stream.
		f.recent, f.bytes, f.from = nil, 0, m.prev
	}
	f.last, f.through, f.touched = m.ID, max(f.through, m.ID), true
	switch {
	case m.Name != "":
		f.recent = append(f.recent, m.Entry)
		f.bytes += size(m.Entry)
		for len(f.recent) > 1 && (len(f.recent) > most || f.bytes > maxCachedBytes) {
			f.drop(1)
		}
	case !missed:
		return
	}
	for _, r := range f.readers {
		r.wake()
	}
}

// drop drops the n oldest of the recent entries.
func (f *feed) drop(n int) {
	for i := range f.recent[:n] {
		f.bytes -= size(f.recent[i])
	}
	f.from = f.recent[n-1].ID
	if f.recent = f.recent[n:]; len(f.recent) == 0 {
		f.recent = nil
	}
}

func size(e eventlog.Entry) int { return len(e.Name) + len(e.Data) + 100 }

// end returns the last message that the feed knows of.
func (f *feed) end() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last
}

// known returns up to where the feed knows of everything.
func (f *feed) known() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.through
}

// view is what a feed knows of what comes after a position.
type view struct {
	entries []eventlog.Entry
	through uint64 // these are all up to here
	behind  bool   // the feed does not have the entries
	gap     bool   // and nobody has: the position is below the floor
	last    uint64 // the last message that the feed knows of
}

func (f *feed) view(after uint64) view {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.touched = true
	switch {
	case after >= f.last:
		if len(f.readers) == 1 && len(f.recent) > 0 {
			f.drop(len(f.recent))
			f.from = f.last
		}
		return view{through: f.through}
	case after < f.from:
		return view{through: f.through, behind: true, gap: after < f.floor, last: f.last}
	}
	return view{entries: behind(f.recent, after), through: f.through}
}

// behind returns the entries after a position, without spare capacity: what a
// caller appends must not get into what others read.
func behind(entries []eventlog.Entry, position uint64) []eventlog.Entry {
	i, _ := slices.BinarySearchFunc(entries, position, func(e eventlog.Entry, position uint64) int {
		if e.ID <= position {
			return -1
		}
		return 1
	})
	return entries[i:len(entries):len(entries)]
}

// cool drops what nobody has asked for since the last call.
func (f *feed) cool() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.touched {
		f.recent, f.bytes, f.from = nil, 0, f.last
	}
	f.touched = false
}

// wakeAll wakes the readers.
func (f *feed) wakeAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.readers {
		r.wake()
	}
}

func (f *feed) add(r *reader) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.readers = append(f.readers, r)
}

func (f *feed) remove(r *reader) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if i := slices.Index(f.readers, r); i >= 0 {
		n := len(f.readers) - 1
		f.readers[i] = f.readers[n]
		f.readers[n] = nil
		f.readers = f.readers[:n]
	}
}
