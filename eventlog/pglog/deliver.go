package pglog

import (
	"maps"
	"slices"

	"github.com/mixstream/mixstream/eventlog"
)

// question is what the tail asks the database.
type question struct {
	base   *int64 // readers have what they can have up to here; nil: nobody reads
	after  *int64 // and the tail, up to here
	filter filter // the streams
}

// news is an answer of the database to the tail.
type news struct {
	through  uint64 // the entries are complete up to here
	more     bool   // there may be more after that
	epoch    int32
	arrivals []arrival // in the order of their ids
	// Of these streams, or of all, entries may have been deleted before they were brought.
	trimmed []stream
	gone    bool
}

// arrival is an entry of a stream of the question.
type arrival struct {
	stream stream
	entry  eventlog.Entry
}

// connected notes that the tail has another connection. What readers know may be of a history
// that the database has no more, and so may the memory.
func (w *watchers) connected() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.history.connection++
	w.restart()
}

// restart forgets what the tail has brought, and lets it begin again where readers are.
func (w *watchers) restart() {
	w.memory.restart(w.through)
	w.cursor = w.through
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
		w.following, w.through, w.fresh, w.concerned = false, 0, nil, nil
		w.restart()
	}
	if !w.following {
		return q
	}
	for _, of := range w.fresh {
		of.since = w.cursor
	}
	w.fresh = nil
	if w.removed > len(w.byStream) || len(w.filter) != filterSize(len(w.byStream)) {
		w.filter, w.removed = newFilter(len(w.byStream), maps.Keys(w.byStream)), 0
	}
	q.filter = slices.Clone(w.filter)
	q.base, q.after = new(int64(w.through)), new(int64(w.cursor)) //nolint:gosec // they are positions of the database
	return q
}

// deliver keeps the entries of an answer. If that is the last one for now, it lets readers have all
// that has come, and wakes them: between two answers, what the first has brought may be trimmed. It
// reports whether the log has moved.
func (w *watchers) deliver(n news) (moved bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	other := w.history.epoch != n.epoch && w.history.epoch != 0
	w.history.epoch = n.epoch
	if !w.following || n.through <= w.through && !other {
		return false
	}
	w.cursor = n.through
	if n.gone || other {
		w.through = n.through
		w.restart()
		for _, of := range w.byStream {
			of.since = n.through
		}
		w.fresh = nil
		w.wakeEach()
		return true
	}
	for _, a := range n.arrivals {
		if of := w.byStream[a.stream]; of != nil {
			w.memory.add(a.stream, a.entry)
			of.last = a.entry.ID
			w.concern(of)
		}
	}
	for _, s := range n.trimmed {
		if of := w.byStream[s]; of != nil {
			w.lack(of)
		}
	}
	// The answer may lack entries of the streams that are followed since the question.
	for _, of := range w.fresh {
		w.lack(of)
	}
	w.fresh = nil
	if n.more {
		return true
	}
	w.through = w.cursor
	for _, of := range w.concerned {
		of.news = false
		of.wake()
	}
	clear(w.concerned)
	w.concerned = w.concerned[:0]
	return true
}

// lack makes the readers of a stream look for entries up to the cursor in the database.
func (w *watchers) lack(of *watch) {
	of.since = w.cursor
	w.concern(of)
}

// concern notes that a stream has something new.
func (w *watchers) concern(of *watch) {
	if !of.news {
		of.news = true
		w.concerned = append(w.concerned, of)
	}
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
	lists := w.memory.find(room[:0], r.own.stream, after, w.through)
	if r.scope != nil {
		if w.lacks(r.scope, after) {
			return b, false
		}
		lists = w.memory.find(lists, r.scope.stream, after, w.through)
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
