package logtest

import (
	"slices"
	"sync"

	"github.com/mixstream/mixstream/eventlog"
)

// keyed appends n entries under a key.
func (f *fixture) keyed(s eventlog.Session, key string, n int) []eventlog.Entry {
	f.Helper()
	entries := f.entries(n)
	if err := f.log.Append(f.ctx, s, key, entries); err != nil {
		f.Fatalf("Append with key %q: %v", key, err)
	}
	return entries
}

func ids(entries []eventlog.Entry) []uint64 {
	ids := make([]uint64, len(entries))
	for i, e := range entries {
		ids[i] = e.ID
	}
	return ids
}

func keyRepeated(f *fixture) {
	r := f.follow(own("a"))
	_, end := r.bounds()
	first := f.keyed(own("a"), "k", 3)
	other := f.keyed(own("a"), "l", 3)
	last := f.append(own("b"), 1)
	for range 2 {
		if again := f.keyed(own("a"), "k", 3); !slices.Equal(ids(again), ids(first)) {
			f.Errorf("repeated Append set ids %d, want %d", ids(again), ids(first))
		}
	}
	plain := f.append(own("a"), 1)
	if plain[0].ID <= last[0].ID {
		f.Errorf("id %d after %d", plain[0].ID, last[0].ID)
	}
	r.expect(end, slices.Concat(first, other, plain, f.append(own("a"), 1))...)
}

func keyRepeatedAtOnce(f *fixture) {
	r := f.follow(own("a"))
	_, end := r.bounds()
	appended := make([][]eventlog.Entry, 8)
	var wg sync.WaitGroup
	for i := range appended {
		wg.Go(func() {
			// All alike, since any of them may be the first.
			entries := []eventlog.Entry{{Name: "content", Data: []byte("1")}, {Name: "content", Data: []byte("2")}}
			if err := f.log.Append(f.ctx, own("a"), "k", entries); err != nil {
				f.Errorf("Append: %v", err)
			}
			appended[i] = entries
		})
	}
	wg.Wait()
	for _, entries := range appended {
		if !slices.Equal(ids(entries), ids(appended[0])) {
			f.Errorf("ids %d and %d under one key", ids(entries), ids(appended[0]))
		}
	}
	r.expect(end, slices.Concat(appended[0], f.append(own("a"), 1))...)
}

func keyWithAnotherCount(f *fixture) {
	r := f.follow(own("a"))
	_, end := r.bounds()
	first := f.keyed(own("a"), "k", 2)
	for _, n := range []int{1, 3} {
		f.want("Append", f.log.Append(f.ctx, own("a"), "k", f.entries(n)), eventlog.ErrKeyReused)
	}
	r.expect(end, slices.Concat(first, f.append(own("a"), 1))...)
}

func keyOfAnotherSession(f *fixture) {
	a, b, ab := f.follow(own("a")), f.follow(own("b")), f.follow(own("ab"))
	_, end := a.bounds()
	inA, inB := f.keyed(own("a"), "k", 1), f.keyed(own("b"), "k", 2)
	// An id and a key that are joined without a border would be these two alike.
	inA = append(inA, f.keyed(own("a"), "bk", 1)...)
	inAB := f.keyed(own("ab"), "k", 1)
	a.expect(end, inA...)
	b.expect(end, inB...)
	ab.expect(end, inAB...)
}

// A session that is made again under an id knows nothing of the keys from before:
// entries that were appended must be in the log.
func keyOfForgottenSession(f *fixture) {
	f.keyed(own("a"), "k", 2)
	end := f.forget("a").ID
	r := f.follow(own("a"))
	r.expect(end, f.keyed(own("a"), "k", 2)...)
}
