package pglog_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/pglog"
)

// A reader that is behind the memory reads the database and comes back into the memory: nothing is
// missing, whatever the sizes are, and the memory stays within its bound.
func TestBehindTheMemory(t *testing.T) {
	l, traces, _, _ := newTraced(t, pglog.Options{})
	m := tester{t, l}
	slow, quick, idle := m.follow(own("a")), m.follow(own("a")), m.follow(own("idle"))
	_, start := slow.bounds()
	_, before := idle.bounds()
	at, most := start, 0
	var want []string
	for i := range 22 {
		size := 1 << 20
		if i == 2 {
			size = pglog.MaxMemory/2 + 1 // no place for it
		}
		text := numbered(i, i)[0] + strings.Repeat("x", size)
		want = append(want, text)
		m.append(own("a"), text)
		at = quick.expect(at, text)
		most = max(most, l.MemoryBytes())
	}
	if most > pglog.MaxMemory || most < pglog.MaxMemory/2 {
		t.Errorf("the memory had %d bytes", most)
	}
	slow.expect(start, want...)

	// A reader that has missed nothing is not behind: nothing has come for it.
	reads := traces.count("read")
	if after := idle.expect(before); after < at || traces.count("read") > reads {
		t.Errorf("the idle reader is at %d after %d, with %d queries", after, before, traces.count("read")-reads)
	}
}

// Entries that are trimmed while a reader follows them are delivered all the same; a reader that
// comes with a position before them is told a gap.
func TestTrimmedWhileFollowed(t *testing.T) {
	l, traces, _, _ := newTraced(t, pglog.Options{Retention: pglog.Retention{Entries: 8}})
	m := tester{t, l}
	slow, quick := m.follow(own("a")), m.follow(own("a"))
	_, start := slow.bounds()
	want := numbered(1, 100)
	at := start
	for _, text := range want {
		m.append(own("a"), text)
		at = quick.expect(at, text)
	}
	m.follow(own("a")).expectGap(start)
	reads := traces.count("read")
	slow.expect(start, want...)
	if n := traces.count("read") - reads; n > 0 {
		t.Errorf("%d queries for what the memory has", n)
	}
	// The same reader, if it goes back.
	if _, err := slow.Read(t.Context(), start, 1); !errors.Is(err, eventlog.ErrGap) {
		t.Errorf("back at the start: %v", err)
	}
}

// Nobody's entries stay when nobody reads.
func TestMemoryWithoutReaders(t *testing.T) {
	l, _ := newLog(t, pglog.Options{})
	m := tester{t, l}
	r := m.follow(own("a"))
	_, end := r.bounds()
	m.append(own("a"), "1")
	r.expect(end, "1")
	until(t, "the memory has it", func() bool { return l.MemoryBytes() > 0 })
	r.Close()
	until(t, "the memory is empty", func() bool { return l.MemoryBytes() == 0 })
}
