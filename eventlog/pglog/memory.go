package pglog

import (
	"cmp"
	"slices"

	"github.com/mixstream/mixstream/eventlog"
)

// maxMemory is how many bytes the newest entries may take that a process keeps for its readers, of
// all streams together. A reader that is further behind reads the database.
const maxMemory = 16 << 20

// memory holds the newest entries that the tail has brought, in two generations: when the young
// one has half of the bytes, it takes the place of the old one. So nothing is kept per stream that
// has no new entries, and to forget costs nothing per entry.
type memory struct{ old, young generation }

// generation holds the entries of a span of the log.
type generation struct {
	after   uint64 // it begins after this position
	entries map[stream][]eventlog.Entry
	bytes   int
}

// after returns the position after which the memory has all entries that the tail has brought.
func (m *memory) after() uint64 { return m.old.after }

// restart forgets all entries. The next ones come after a position.
func (m *memory) restart(after uint64) {
	*m = memory{old: generation{after: after}, young: newGeneration(after)}
}

func newGeneration(after uint64) generation {
	return generation{after: after, entries: make(map[stream][]eventlog.Entry)}
}

// add adds an entry that comes after all others.
func (m *memory) add(s stream, e eventlog.Entry) {
	size := len(e.Name) + len(e.Data) + 100
	switch {
	case size > maxMemory/2:
		m.restart(e.ID)
		return
	case m.young.bytes+size > maxMemory/2:
		m.old, m.young = m.young, newGeneration(e.ID-1)
	}
	m.young.entries[s] = append(m.young.entries[s], e)
	m.young.bytes += size
}

// find appends the lists of the entries of a stream between two positions, if there are any.
func (m *memory) find(lists [][]eventlog.Entry, s stream, after, through uint64) [][]eventlog.Entry {
	for _, g := range []*generation{&m.old, &m.young} {
		all := g.entries[s]
		i, j := upTo(all, after), upTo(all, through)
		if i < j {
			// Without spare capacity: what a reader appends must not get into the memory.
			lists = append(lists, all[i:j:j])
		}
	}
	return lists
}

// upTo returns how many entries there are up to a position.
func upTo(all []eventlog.Entry, position uint64) int {
	i, found := slices.BinarySearchFunc(all, position, func(e eventlog.Entry, position uint64) int { return cmp.Compare(e.ID, position) })
	if found {
		i++
	}
	return i
}

// merge returns the entries of several lists in the order of their ids: as many as fit into limit
// bytes, but at least one. It reports whether those are all. One list is not copied.
func merge(lists [][]eventlog.Entry, limit int) (entries []eventlog.Entry, all bool) {
	if len(lists) == 1 {
		entries = lists[0]
		for i := range entries {
			if limit -= textSize(&entries[i]); limit < 0 && i > 0 {
				return entries[:i:i], false
			}
		}
		return entries, true
	}
	for {
		first := -1
		for i, list := range lists {
			if len(list) > 0 && (first < 0 || list[0].ID < lists[first][0].ID) {
				first = i
			}
		}
		if first < 0 {
			return entries, true
		}
		e := &lists[first][0]
		if limit -= textSize(e); limit < 0 && len(entries) > 0 {
			return entries, false
		}
		entries = append(entries, *e)
		lists[first] = lists[first][1:]
	}
}

func textSize(e *eventlog.Entry) int { return len(e.Name) + len(e.Data) }
