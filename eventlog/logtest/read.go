package logtest

import (
	"bytes"
	"slices"

	"github.com/mixstream/mixstream/eventlog"
)

// readLimit reads a session and its scope in batches of various limits.
func readLimit(f *fixture) {
	s, other := eventlog.Session{ID: "a", Scope: "x"}, own("b")
	r := f.follow(s)
	_, end := r.bounds()
	var all []eventlog.Entry
	for i := range 12 {
		entries := f.entries(2)
		entries[1].Data = append(bytes.Repeat([]byte(" "), 100*i), entries[1].Data...)
		if err := f.log.Append(f.ctx, s, nil, entries); err != nil {
			f.Fatalf("Append: %v", err)
		}
		all = append(all, entries...)
		f.append(other, 1)
		if i%3 == 0 {
			all = append(all, f.create(eventlog.Session{ID: string(rune('m' + i)), Scope: "x"}))
		}
	}
	r.expect(end, all...)

	for _, limit := range []int{-1, 0, 1, 50, 500, 2000, everything} {
		after, rest := end, all
		for len(rest) > 0 {
			b := r.read(after, limit)
			n := len(b.Entries)
			if n == 0 || n > len(rest) || !same(b.Entries, rest[:n]) {
				f.Fatalf("Read(%d, limit %d)\n got %s\nwant a start of %s", after, limit, show(b.Entries), show(rest))
			}
			if sum := dataSize(b.Entries); n > 1 && sum > limit {
				f.Fatalf("Read(%d, limit %d): %d entries of %d bytes", after, limit, n, sum)
			}
			if n < len(rest) && b.Position >= rest[n].ID {
				f.Fatalf("Read(%d, limit %d): position %d passes entry %d", after, limit, b.Position, rest[n].ID)
			}
			after, rest = b.Position, rest[n:]
		}
		r.expect(after)
	}
}

func dataSize(entries []eventlog.Entry) (sum int) {
	for _, e := range entries {
		sum += len(e.Data)
	}
	return sum
}

// readFromAnyPosition tests that each id is a position for every reader, whichever
// session's entry has it, and so is each number between two.
func readFromAnyPosition(f *fixture) {
	r := f.follow(own("a"))
	_, end := r.bounds()
	var all []eventlog.Entry
	positions := []uint64{end}
	for range 5 {
		mine, other := f.append(own("a"), 1), f.append(own("b"), 2)
		all = append(all, mine...)
		positions = append(positions, mine[0].ID-1, mine[0].ID, other[0].ID-1, other[0].ID, other[1].ID, other[1].ID+1)
	}
	all = append(all, f.append(own("a"), 2)...)
	for _, position := range positions {
		i := slices.IndexFunc(all, func(e eventlog.Entry) bool { return e.ID > position })
		r.expect(position, all[i:]...)
	}
}

func readUpToEnd(f *fixture) {
	r := f.follow(own("a"))
	_, end := r.bounds()
	at := r.expect(end)
	at = r.expect(at, f.append(own("a"), 2)...)
	for range 3 {
		f.append(own("b"), 1)
		at = r.expect(at)
		if _, end := r.bounds(); at > end {
			f.Errorf("position %d is beyond the end %d", at, end)
		}
	}
	r.expect(at, f.append(own("a"), 1)...)
}

// entriesStay tests that what was read stays as it was, whatever comes later, and so does
// the log, whatever a reader appends to its slice.
func entriesStay(f *fixture) {
	r := f.follow(own("a"))
	_, at := r.bounds()
	var read, before [][]eventlog.Entry
	for i := range 20 * f.options.Entries {
		e := f.append(own("a"), 1)
		if i > 0 {
			_ = append(read[i-1], eventlog.Entry{ID: 1, Name: "not of the log"})
		}
		at = r.expect(at, e...)
		floor, _ := r.bounds()
		b := r.read(floor, everything)
		_ = append(r.read(floor, 1).Entries, eventlog.Entry{ID: 2, Name: "not of the log"})
		read, before = append(read, b.Entries), append(before, clone(b.Entries))
	}
	for i := range read {
		if !same(read[i], before[i]) {
			f.Fatalf("entries changed after they were read\n from %s\n   to %s", show(before[i]), show(read[i]))
		}
	}
}

func clone(entries []eventlog.Entry) []eventlog.Entry {
	entries = slices.Clone(entries)
	for i := range entries {
		entries[i].Data = bytes.Clone(entries[i].Data)
	}
	return entries
}
