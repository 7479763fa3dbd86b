package pglog

import (
	"maps"
	"math"
	"slices"
	"sync"
)

// watchers are the readers in this process, by the streams that they read, and what the tail has
// brought for them.
type watchers struct {
	mu       sync.Mutex // guards the fields below, and is held while readers are woken
	byStream map[stream]*watch
	filter   filter // has at least these streams
	removed  int    // streams of which the filter need not know any more
	// fresh are those that are followed since the tail has last asked: its answer lacks them.
	fresh []*watch

	following bool     // false: nobody reads, and there is no position
	through   uint64   // the position up to which readers may read from the memory
	cursor    uint64   // the position up to which the tail has come; later, while there is more
	concerned []*watch // of those who have something new up to the cursor
	history   history
	memory    memory

	announced uint64 // an entry that this process has appended since the tail has last asked
	interrupt func() // makes the tail look for it
}

// watch is the readers of one stream.
type watch struct {
	stream  stream
	readers map[*reader]struct{}
	since   uint64 // the tail brings what comes after this position
	last    uint64 // the newest entry that it has brought
	news    bool   // it is one of the concerned
}

// history is what a position was read from. A position of another one may be one that the database
// has lost.
type history struct {
	connection int   // of the tail
	epoch      int32 // of the log
}

// never is the position after which the tail brings nothing.
const never = math.MaxUint64

func newWatchers() *watchers {
	return &watchers{byStream: make(map[stream]*watch), filter: make(filter, smallestFilter), interrupt: func() {}}
}

func (w *watchers) add(s stream, r *reader) *watch {
	w.mu.Lock()
	defer w.mu.Unlock()
	of := w.byStream[s]
	if of == nil {
		of = &watch{stream: s, readers: make(map[*reader]struct{}, 1), since: never}
		w.byStream[s] = of
		w.filter.add(s)
		w.fresh = append(w.fresh, of)
	}
	of.readers[r] = struct{}{}
	return of
}

// remove removes a reader, which is not woken any more when it returns.
func (w *watchers) remove(of *watch, r *reader) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if delete(of.readers, r); len(of.readers) == 0 {
		delete(w.byStream, of.stream)
		w.removed++
	}
}

// begin makes the tail bring what comes after an end of the log, which was found after the caller
// has begun to watch, unless it does so already.
func (w *watchers) begin(end uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.following {
		return
	}
	w.following, w.through = true, end
	w.restart()
	// A notification may have come before there was a position to ask from.
	w.announced = end + 1
	w.interrupt()
}

// announce makes the tail look for an entry that this process has appended, even if its
// notification is lost.
func (w *watchers) announce(s stream, id uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if id <= max(w.through, w.announced) || w.byStream[s] == nil {
		return
	}
	waiting := w.awaited()
	w.announced = id
	if !waiting {
		w.interrupt()
	}
}

func (w *watchers) awaited() bool { return w.announced > w.through }

// await sets what interrupts the tail while it waits. It reports whether it must not wait.
func (w *watchers) await(interrupt func()) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.interrupt = interrupt
	return w.awaited()
}

// wakeAll wakes all readers, so that they see what has become of the log.
func (w *watchers) wakeAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wakeEach()
}

func (w *watchers) wakeEach() {
	for _, of := range w.byStream {
		of.wake()
	}
}

func (w *watch) wake() {
	for r := range w.readers {
		r.wake()
	}
}

// streams returns the streams that have readers.
func (w *watchers) streams() []stream {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Collect(maps.Keys(w.byStream))
}
