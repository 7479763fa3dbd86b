package eventlog

import (
	"slices"
	"time"
)

// Retention says how much a Memory retains. A zero field has its default; a negative
// field sets no limit. Memory trims its oldest entries first. Only Age, TotalBytes and
// Idle trim the newest entry of a session or scope, and only Age and Idle that of the
// log.
//
// An entry counts as the bytes of its name and data, and 100 for its place in the log.
// Memory releases trimmed entries in bulk: the process holds up to twice as much.
type Retention struct {
	Entries    int           // the entries of each session, and of each scope; by default 10,000
	Bytes      int64         // the bytes of each session, and of each scope; by default 16 MiB
	Age        time.Duration // the age of an entry; by default 1 hour
	TotalBytes int64         // the bytes of the whole log; by default 256 MiB

	// Idle is how long a session may have neither a new entry of its own nor a reader.
	// After that its record and its remaining entries are forgotten, and the log knows
	// nothing of the session. It is for applications that do not delete their sessions.
	// Set it longer than anybody would stay away. A position from before is told as a gap
	// if the session is made again. By default a session is kept until it is deleted.
	Idle time.Duration
}

// entryCost is how many bytes an entry takes beside its name and data: for its places in
// a list and in the history, and for what slices and small allocations round up to.
const entryCost = 100

// size returns how many bytes an entry counts for.
func size(e *Entry) int64 { return payload(e) + entryCost }

func payload(e *Entry) int64 { return int64(len(e.Name) + len(e.Data)) }

func (r Retention) withDefaults() Retention {
	r.Entries = limit(r.Entries, 10_000)
	r.Bytes = limit(r.Bytes, 16<<20)
	r.Age = limit(r.Age, time.Hour)
	r.TotalBytes = limit(r.TotalBytes, 256<<20)
	r.Idle = limit(r.Idle, -1)
	return r
}

func limit[T ~int | ~int64](v, byDefault T) T {
	switch {
	case v == 0:
		return byDefault
	case v < 0:
		return -1
	}
	return v
}

// retain trims l to the limits of one list, and the log to its total.
func (m *Memory) retain(l *list) {
	n := 0
	bytes := l.bytes
	entries := l.entries()
	for n < len(entries)-1 && (over(len(entries)-n, m.retention.Entries) || over(bytes, m.retention.Bytes)) {
		bytes -= size(&entries[n])
		n++
	}
	m.drop(l, n)
	for over(m.history.bytes, m.retention.TotalBytes) && m.history.live > 1 {
		m.drop(m.history.oldest().list, 1)
	}
}

func over[T ~int | ~int64](v, limit T) bool { return limit >= 0 && v > limit }

// drop trims n entries off l, and counts them.
func (m *Memory) drop(l *list, n int) {
	if n == 0 {
		return
	}
	before := l.bytes
	l.trim(n)
	m.history.trimmed(n, before-l.bytes)
}

// history is the order in which the entries of all lists came, the oldest first.
type history struct {
	items []arrival
	live  int   // entries that are still in their list
	bytes int64 // their size
}

// arrival says when an entry came and where it went.
type arrival struct {
	at   time.Duration
	list *list
	id   uint64
}

func (a arrival) gone() bool { return a.id <= a.list.trimmed() }

func (h *history) push(now time.Duration, l *list, e Entry) {
	// Lists trim themselves, which leaves arrivals without an entry. Drop them once they
	// are the greater part.
	if len(h.items) > 1024 && len(h.items) > 2*h.live {
		h.items = slices.DeleteFunc(h.items, arrival.gone)
	}
	h.items = append(h.items, arrival{now, l, e.ID})
	h.live++
	h.bytes += size(&e)
}

func (h *history) trimmed(n int, bytes int64) {
	h.live -= n
	h.bytes -= bytes
}

// oldest returns the arrival of the oldest entry that is still in its list, or nil.
func (h *history) oldest() *arrival {
	for len(h.items) > 0 && h.items[0].gone() {
		h.items[0].list = nil
		h.items = h.items[1:]
	}
	if len(h.items) == 0 {
		h.items = nil
		return nil
	}
	return &h.items[0]
}
