package eventlog

import (
	"slices"
	"sync"
	"sync/atomic"
)

// list is a run of entries, oldest first, and the readers that wait for the next one.
// The log's lock guards all fields but the view, which readers load without a lock.
type list struct {
	view  atomic.Pointer[view]
	bytes int64 // the sum of the entries' sizes

	// What was trimmed off the front of the array that holds the entries. It is released
	// only with that array.
	wasted      int
	wastedBytes int64

	watchers watchers
}

// view is what a list holds at one time. Neither it nor its entries ever change, so a
// reader may keep a part of the slice.
type view struct {
	entries []Entry
	trimmed uint64 // entries up to this id may be gone
}

// init makes the list empty. Entries up to an id may be gone.
func (l *list) init(trimmed uint64) { l.view.Store(&view{trimmed: trimmed}) }

func (l *list) entries() []Entry { return l.view.Load().entries }

func (l *list) trimmed() uint64 { return l.view.Load().trimmed }

// push adds an entry. Its id must be higher than all before.
func (l *list) push(e Entry) {
	v := l.view.Load()
	if len(v.entries) == cap(v.entries) {
		l.wasted, l.wastedBytes = 0, 0 // append moves what is left to a new array
	}
	l.bytes += size(&e)
	l.view.Store(&view{append(v.entries, e), v.trimmed})
}

// trim drops the n oldest entries.
func (l *list) trim(n int) {
	entries := l.entries()
	for i := range entries[:n] {
		l.bytes -= size(&entries[i])
		l.wastedBytes += size(&entries[i])
	}
	trimmed := entries[n-1].ID
	entries = entries[n:]
	l.wasted += n
	if l.wasted > len(entries) || l.wastedBytes > l.bytes {
		entries, l.wasted, l.wastedBytes = slices.Clone(entries), 0, 0
	}
	l.view.Store(&view{entries, trimmed})
}

// raiseMark sets the mark unless it is higher already.
func (l *list) raiseMark(trimmed uint64) {
	if v := l.view.Load(); trimmed > v.trimmed {
		l.view.Store(&view{v.entries, trimmed})
	}
}

// between returns the entries after the position, up to the end.
func (v *view) between(position, end uint64) []Entry {
	entries := v.entries
	for len(entries) > 0 && entries[len(entries)-1].ID > end {
		entries = entries[:len(entries)-1]
	}
	n := len(entries)
	if n == 0 || entries[n-1].ID <= position {
		return nil
	}
	// There are at most as many entries as ids, and exactly as many if no other session
	// was written to.
	if most := entries[n-1].ID - position; most < uint64(n) {
		entries = entries[uint64(n)-most:]
	}
	if entries[0].ID > position {
		return entries
	}
	i, _ := slices.BinarySearchFunc(entries, position, func(e Entry, position uint64) int {
		if e.ID <= position {
			return -1
		}
		return 1
	})
	return entries[i:]
}

func (l *list) wake() { l.watchers.wake() }

// watchers are the readers of one list.
type watchers struct {
	mu  sync.Mutex
	all []watcher
}

// watcher is a reader that waits for entries. A publisher that wakes many of them spends
// its time on memory that is not in the processor's cache. So everything that it needs
// is here.
type watcher struct {
	wake  func()
	place *int // the reader's place in the list of watchers
}

func (w *watchers) wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.all {
		w.all[i].wake()
	}
}

func (w *watchers) add(wake func(), place *int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	*place = len(w.all)
	w.all = append(w.all, watcher{wake, place})
}

func (w *watchers) remove(place *int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	i, n := *place, len(w.all)-1
	w.all[i] = w.all[n]
	*w.all[i].place = i
	w.all[n] = watcher{}
	w.all = w.all[:n]
	if n == 0 {
		w.all = nil
	}
}
