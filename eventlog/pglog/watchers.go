package pglog

import (
	"maps"
	"slices"
	"sync"
)

// watchers are the readers in this process, by the streams that they read.
type watchers struct {
	mu       sync.Mutex // guards the fields below, and is held while readers are woken
	byStream map[stream]*watch
}

// watch is the readers of one stream.
type watch struct {
	readers map[*reader]struct{}
	woken   uint64 // the newest entry for which they were woken
}

func (w *watchers) add(s stream, r *reader) {
	w.mu.Lock()
	defer w.mu.Unlock()
	of := w.byStream[s]
	if of == nil {
		of = &watch{readers: make(map[*reader]struct{}, 1)}
		w.byStream[s] = of
	}
	of.readers[r] = struct{}{}
}

// remove removes a reader, which is not woken any more when it returns.
func (w *watchers) remove(s stream, r *reader) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if of := w.byStream[s]; of != nil {
		if delete(of.readers, r); len(of.readers) == 0 {
			delete(w.byStream, s)
		}
	}
}

// wake wakes the readers of a stream, unless they were woken for this entry or a later one.
func (w *watchers) wake(s stream, id uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	of := w.byStream[s]
	if of == nil || id <= of.woken {
		return
	}
	of.woken = id
	for r := range of.readers {
		r.wake()
	}
}

// wakeAll wakes all readers, so that they see what has become of the log.
func (w *watchers) wakeAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, of := range w.byStream {
		for r := range of.readers {
			r.wake()
		}
	}
}

// streams returns the streams that have readers.
func (w *watchers) streams() []stream {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Collect(maps.Keys(w.byStream))
}

// any reports whether there is a reader.
func (w *watchers) any() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.byStream) > 0
}
