package logtest

import (
	"strings"

	"github.com/mixstream/mixstream/eventlog"
)

func scopeIsMerged(f *fixture) {
	a, b := eventlog.Session{ID: "a", Scope: "x"}, eventlog.Session{ID: "b", Scope: "x"}
	c := eventlog.Session{ID: "c", Scope: "y"}
	early, other := f.follow(a), f.follow(c)
	_, end := early.bounds()

	var inA, inB, inC []eventlog.Entry
	add := func(e eventlog.Entry, to ...*[]eventlog.Entry) {
		for _, to := range to {
			*to = append(*to, e)
		}
	}
	add(f.create(b), &inA, &inB)
	add(f.append(a, 1)[0], &inA)
	add(f.append(b, 1)[0], &inB)
	add(f.create(eventlog.Session{ID: "d", Scope: "x"}), &inA, &inB)
	add(f.create(c), &inC)
	add(f.append(a, 1)[0], &inA)
	add(f.delete("d", patience), &inA, &inB)
	add(f.delete("b", patience), &inA, &inB)
	add(f.append(c, 1)[0], &inC)
	add(f.delete("c", patience), &inC)
	add(f.append(a, 1)[0], &inA)

	early.expect(end, inA...)
	other.expect(end, inC...)
	for s, want := range map[eventlog.Session][]eventlog.Entry{a: inA, b: inB, c: inC} {
		r := f.follow(s)
		r.expect(end, want...)
		for i, e := range want {
			r.expect(e.ID, want[i+1:]...)
		}
	}
}

func scopeByDefault(f *fixture) {
	a, b := f.follow(own("a")), f.follow(own("b"))
	_, end := a.bounds()
	inA := []eventlog.Entry{f.create(own("a")), f.append(own("a"), 1)[0]}
	inB := []eventlog.Entry{f.append(own("b"), 1)[0], f.delete("b", patience)}
	inA = append(inA, f.delete("a", patience))
	a.expect(end, inA...)
	b.expect(end, inB...)
	f.follow(own("c")).expect(end)
}

// scopeNamesDoNotMix tests sessions and scopes of the same names, which have nothing to do
// with each other.
func scopeNamesDoNotMix(f *fixture) {
	sessions := []eventlog.Session{
		own("a"), // its own scope is not the scope named a
		{ID: "b", Scope: "a"},
		{ID: "c", Scope: "c"},
		{ID: "d", Scope: "c"},
		{ID: "x y", Scope: "z"},
		{ID: "x", Scope: "y z"},
		{ID: "x.y", Scope: "z"},
		{ID: "é*>", Scope: ">"},
		{ID: "A", Scope: "C"},
		{ID: "\xff\x00", Scope: "\xfe"},
		{ID: strings.Repeat("x", 300), Scope: strings.Repeat("y", 300)},
		{ID: strings.Repeat("x", 301), Scope: strings.Repeat("y", 301)},
	}
	readers := make([]*follower, len(sessions))
	for i, s := range sessions {
		readers[i] = f.follow(s)
	}
	_, end := readers[0].bounds()
	want := make([][]eventlog.Entry, len(sessions))
	for i, s := range sessions {
		created, e := f.create(s), f.append(s, 1)[0]
		for j, other := range sessions {
			if i == j || s.Scope != "" && s.Scope == other.Scope {
				want[j] = append(want[j], created)
			}
		}
		want[i] = append(want[i], e)
	}
	for i, s := range sessions {
		f.wantRecord(eventlog.Record{Session: s})
		readers[i].expect(end, want[i]...)
		f.follow(s).expect(end, want[i]...)
	}
}
