package eventlog

import (
	"slices"
	"time"
)

// Retention says how much a Memory retains. Zero fields have the defaults below;
// a negative field is no limit. What is over a limit is trimmed from the old end.
// The newest entry of a session or scope goes only for Age, TotalBytes or Idle, the
// newest of the log only for Age or Idle.
//
// An entry counts as the bytes of its name and data, and 100 for its place in the
// log. What is trimmed is released in bulk: the process holds up to twice as much.
type Retention struct {
	Entries    int           // entries of each session, and of each scope; by default 10,000
	Bytes      int64         // bytes of each session, and of each scope; by default 16 MiB
	Age        time.Duration // the age of an entry; by default 1 hour
	TotalBytes int64         // bytes of the whole log; by default 256 MiB

	// Idle is after how long without an entry of its own and without a reader a
	// session is forgotten: its record, and what it still has of entries. It is then
	// as unknown as one that never was, so this is for applications that do not
	// delete their sessions, and should be longer than anybody would stay away. A
	// position from before is told as a gap if the session is made again. By default
	// a session is kept until it is deleted.
	Idle time.Duration
}

// entryCost is what an entry takes beside its name and data: its places in a list
// and in the history, and what slices and small allocations round up to.
const entryCost = 100

// size is what an entry counts towards the limits in bytes.
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

// retain trims l to what one list may hold, and the log to what it may hold in all.
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

// drop trims n entries off l and accounts for them.
func (m *Memory) drop(l *list, n int) {
	if n == 0 {
		return
	}
	before := l.bytes
	l.trim(n)
	m.history.trimmed(n, before-l.bytes)
}

// history is the order in which the entries of all lists came, oldest first.
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
	// Lists trim themselves, which leaves arrivals without an entry: drop them
	// once they are the greater part.
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

// oldest returns the arrival of the oldest entry that is still there, or nil.
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
