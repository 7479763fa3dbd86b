package logtest

import (
	"fmt"
	"slices"

	"github.com/mixstream/mixstream/eventlog"
)

func gapOutsideLog(f *fixture) {
	check := func(r *follower) {
		f.Helper()
		floor, end := r.bounds()
		r.expectGap(0)
		r.expectGap(floor - 1)
		r.expectGap(end + 1<<40)
		r.expectGap(1<<64 - 1)
		r.expect(end)
	}
	check(f.follow(own("a")))
	check(f.follow(eventlog.Session{ID: "a", Scope: "x"}))
	early := f.follow(own("b"))
	floor, _ := early.bounds()
	entries := append([]eventlog.Entry{f.create(own("b"))}, f.append(own("b"), 3)...)
	early.expect(floor, entries...)
	check(early)
	check(f.follow(own("b")))
}

// trim appends to the session until the floor of a reader is above the position.
func (f *fixture) trim(s eventlog.Session, above uint64, r *follower) (appended []eventlog.Entry) {
	f.Helper()
	f.until("a session is trimmed", func() bool {
		appended = append(appended, f.append(s, f.options.Entries)...)
		floor, _ := r.bounds()
		return floor > above
	})
	return appended
}

// wantRetained checks that the floor can be read from, and is just before the oldest of
// the entries that are left.
func (r *follower) wantRetained(all []eventlog.Entry) {
	r.f.Helper()
	floor, _ := r.bounds()
	i := slices.IndexFunc(all, func(e eventlog.Entry) bool { return e.ID > floor })
	if i <= 0 {
		r.f.Fatalf("floor %d of %s", floor, show(all))
	}
	r.expectGap(all[i-1].ID - 1)
	r.expect(floor, all[i:]...)
}

func gapAfterTrimming(f *fixture) {
	early := f.follow(own("a"))
	_, start := early.bounds()
	all := f.append(own("a"), 2)
	all = append(all, f.trim(own("a"), all[1].ID, early)...)
	for _, r := range []*follower{early, f.follow(own("a"))} {
		r.expectGap(start)
		r.expectGap(all[0].ID)
		r.expectGap(all[1].ID)
		r.wantRetained(all)
	}
	// The same holds after more trimming.
	last := all[len(all)-1]
	all = append(all, f.trim(own("a"), last.ID, early)...)
	early.expectGap(last.ID)
	early.wantRetained(all)
}

func gapInTrimmedScope(f *fixture) {
	s := eventlog.Session{ID: "a", Scope: "x"}
	inX, inY := f.follow(s), f.follow(eventlog.Session{ID: "b", Scope: "y"})
	_, start := inX.bounds()
	first := f.create(s)
	quiet := f.create(eventlog.Session{ID: "b", Scope: "y"})
	all := []eventlog.Entry{first}
	n := 0
	f.until("the scope is trimmed", func() bool {
		for range f.options.Entries {
			n++
			all = append(all, f.create(eventlog.Session{ID: fmt.Sprint("s", n), Scope: "x"}))
		}
		floor, _ := inX.bounds()
		return floor > first.ID
	})
	for _, r := range []*follower{inX, f.follow(s), f.follow(eventlog.Session{ID: "new", Scope: "x"})} {
		r.expectGap(start)
		r.expectGap(first.ID)
		r.wantRetained(all)
	}
	inY.expect(start, quiet)
	f.follow(eventlog.Session{ID: "b", Scope: "y"}).expect(start, quiet)
}

func noGapBesideTrimmed(f *fixture) {
	busy := f.follow(own("busy"))
	quiet := eventlog.Session{ID: "quiet", Scope: "x"}
	_, start := busy.bounds()
	entries := append([]eventlog.Entry{f.create(quiet)}, f.append(quiet, 1)...)
	f.trim(own("busy"), entries[1].ID, busy)
	r := f.follow(quiet)
	r.expect(start, entries...)
	at := r.expect(entries[1].ID)

	f.trim(own("busy"), at, busy)
	last := f.append(quiet, 1)
	r.expect(at, last...)
	for _, r := range []*follower{r, f.follow(quiet)} {
		r.expect(start, append(entries, last...)...)
		r.expect(entries[1].ID, last...)
	}
}
