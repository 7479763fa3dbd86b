package eventlog

import (
	"slices"
	"sync"
)

// list is a run of entries, oldest first, and who waits for the next. Entries
// are never changed in place, so a reader may keep a part of the slice.
type list struct {
	entries []Entry
	bytes   int64  // the sum of the entries' sizes
	trimmed uint64 // entries up to this id may be gone

	// What was trimmed off the front of the array that holds entries, and is
	// released only with that array.
	wasted      int
	wastedBytes int64

	watchers watchers
}

// push adds an entry whose id is higher than all before.
func (l *list) push(e Entry) {
	if len(l.entries) == cap(l.entries) {
		l.wasted, l.wastedBytes = 0, 0 // append moves what is left to a new array
	}
	l.entries = append(l.entries, e)
	l.bytes += size(e)
}

// trim drops the n oldest entries.
func (l *list) trim(n int) {
	for _, e := range l.entries[:n] {
		l.bytes -= size(e)
		l.wastedBytes += size(e)
	}
	l.trimmed = l.entries[n-1].ID
	l.entries = l.entries[n:]
	l.wasted += n
	if l.wasted > len(l.entries) || l.wastedBytes > l.bytes {
		l.entries, l.wasted, l.wastedBytes = slices.Clone(l.entries), 0, 0
	}
}

// after returns the entries whose id is higher than the position.
func (l *list) after(position uint64) []Entry {
	if n := len(l.entries); n == 0 || l.entries[n-1].ID <= position {
		return nil
	}
	i, _ := slices.BinarySearchFunc(l.entries, position, func(e Entry, position uint64) int {
		if e.ID <= position {
			return -1
		}
		return 1
	})
	return l.entries[i:]
}

func (l *list) wake() { l.watchers.wake() }

// watchers are the readers of one list.
type watchers struct {
	mu  sync.Mutex
	all []*memoryReader
}

func (w *watchers) wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.all {
		r.wake()
	}
}

// add puts the reader into the slot that the reader keeps for this list.
func (w *watchers) add(r *memoryReader, slot func(*memoryReader) *int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	*slot(r) = len(w.all)
	w.all = append(w.all, r)
}

func (w *watchers) remove(r *memoryReader, slot func(*memoryReader) *int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	i, n := *slot(r), len(w.all)-1
	w.all[i] = w.all[n]
	*slot(w.all[i]) = i
	w.all[n] = nil
	w.all = w.all[:n]
	if n == 0 {
		w.all = nil
	}
}
