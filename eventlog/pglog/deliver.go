package pglog

import (
	"maps"
	"slices"

	"github.com/mixstream/mixstream/eventlog"
)

// question is what the tail asks the database.
type question struct {
	after  *int64 // nil: nobody reads
	filter filter // the streams
}

// news is an answer of the database to the tail.
type news struct {
	through  uint64 // the entries are complete up to here
	epoch    int32
	arrivals []arrival // in the order of their ids
}

// arrival is an entry of a stream of the question.
type arrival struct {
	stream stream
	entry  eventlog.Entry
}

// connected notes that the tail has another connection. What readers know may be of a history
// that the database has no more.
func (w *watchers) connected() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.history.connection++
}

// connection returns how often the tail has connected.
func (w *watchers) connection() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.history.connection
}

// ask returns what the tail must ask next. The answer has all streams that are followed now.
func (w *watchers) ask() (q question) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.announced = 0
	if len(w.byStream) == 0 { // what comes until the next one reads is of no interest
		w.following, w.through, w.fresh = false, 0, nil
		w.memory.restart(0)
	}
	if !w.following {
		return q
	}
	for _, of := range w.fresh {
		of.since = w.through
	}
	w.fresh = nil
	if w.removed > len(w.byStream) || len(w.filter) != filterSize(len(w.byStream)) {
		w.filter, w.removed = newFilter(len(w.byStream), maps.Keys(w.byStream)), 0
	}
	q.filter = slices.Clone(w.filter)
	q.after = new(int64(w.through)) //nolint:gosec // it is a position of the database
	return q
}

// deliver keeps the entries of an answer, and wakes their readers. It reports whether the log has
// moved.
func (w *watchers) deliver(n news) (moved bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if before := w.history.epoch; before != n.epoch {
		w.history.epoch = n.epoch
		if before != 0 {
			w.wakeEach()
		}
	}
	if !w.following || n.through <= w.through {
		return false
	}
	w.through = n.through
	var concerned []*watch
	for _, a := range n.arrivals {
		of := w.byStream[a.stream]
		if of == nil {
			continue
		}
		w.memory.add(a.stream, a.entry)
		of.last = a.entry.ID
		if !of.news {
			of.news = true
			concerned = append(concerned, of)
		}
	}
	// The answer may lack entries of the streams that are followed since the question: their
	// readers look for them in the database.
	for _, of := range w.fresh {
		of.since = w.through
		if !of.news {
			of.news = true
			concerned = append(concerned, of)
		}
	}
	w.fresh = nil
	for _, of := range concerned {
		of.news = false
		of.wake()
	}
	return true
}

// read returns what comes after a position, if the memory has it, for a reader that has read up to
// that position. A reader that is elsewhere asks the database, which knows whether there is a gap.
func (w *watchers) read(r *reader, after uint64, limit int) (b eventlog.Batch, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.following || r.at != after || r.history != w.history || w.lacks(r.own, after) {
		return b, false
	}
	var room [4][]eventlog.Entry
	lists := w.memory.find(room[:0], r.own.stream, after)
	if r.scope != nil {
		if w.lacks(r.scope, after) {
			return b, false
		}
		lists = w.memory.find(lists, r.scope.stream, after)
	}
	entries, all := merge(lists, limit)
	b = eventlog.Batch{Entries: entries, Position: max(w.through, after)}
	if !all {
		b.Position = entries[len(entries)-1].ID
	}
	return b, true
}

// lacks reports whether the memory may lack entries of a stream after a position.
func (w *watchers) lacks(of *watch, after uint64) bool {
	return after < of.since || after < w.memory.after() && after < of.last
}
