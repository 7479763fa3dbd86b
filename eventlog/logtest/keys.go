package logtest

import (
	"errors"
	"slices"
	"sync"

	"github.com/mixstream/mixstream/eventlog"
)

// keyed appends entries under a key, as a first try or as a repetition of all of them.
func (f *fixture) keyed(s eventlog.Session, key string, entries []eventlog.Entry) []eventlog.Entry {
	f.Helper()
	if err := f.log.Append(f.ctx, s, &eventlog.Key{Name: key, Close: true}, entries); err != nil {
		f.Fatalf("Append with key %q: %v", key, err)
	}
	return entries
}

// piece appends entries behind what the key knows, and checks what it knows afterwards.
func (f *fixture) piece(s eventlog.Session, key *eventlog.Key, entries ...eventlog.Entry) []eventlog.Entry {
	f.Helper()
	before := key.Appended
	if err := f.log.Append(f.ctx, s, key, entries); err != nil {
		f.Fatalf("Append with key %+v: %v", key, err)
	}
	f.wantAppended("after Append", key.Appended, before.Add(entries...), key.Close)
	return entries
}

func (f *fixture) wantAppended(when string, got, want eventlog.Appended, closed bool) {
	f.Helper()
	got.Revision, want.Revision, want.Closed = 0, 0, closed
	if got != want {
		f.Errorf("%s the key stands for %+v, want %+v", when, got, want)
	}
}

// wantReused checks that the log refuses the entries and says what the key stands for.
func (f *fixture) wantReused(s eventlog.Session, key eventlog.Key, want eventlog.Appended, entries ...eventlog.Entry) {
	f.Helper()
	knew := key.Appended
	err := f.log.Append(f.ctx, s, &key, entries)
	var reused *eventlog.KeyError
	if !errors.As(err, &reused) || !errors.Is(err, eventlog.ErrKeyReused) || reused.Key != key.Name {
		f.Errorf("Append with key %+v: error %v, want a *KeyError", key, err)
		return
	}
	f.wantAppended("by the error", reused.Appended, want, want.Closed)
	if key.Appended != knew {
		f.Errorf("Append failed, and moved the key from %+v to %+v", knew, key.Appended)
	}
}

// again returns entries of the same names and data, without ids as before an Append.
func again(entries []eventlog.Entry) []eventlog.Entry {
	entries = clone(entries)
	for i := range entries {
		entries[i].ID = 0
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
	first := f.keyed(own("a"), "k", f.entries(3))
	other := f.keyed(own("a"), "l", f.entries(3))
	last := f.append(own("b"), 1)
	for range 2 {
		if got := f.keyed(own("a"), "k", again(first)); !slices.Equal(ids(got), ids(first)) {
			f.Errorf("repeated Append set ids %d, want %d", ids(got), ids(first))
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
			// All are alike, since any of them may be the first.
			entries := []eventlog.Entry{{Name: "content", Data: []byte("1")}, {Name: "content", Data: []byte("2")}}
			if err := f.log.Append(f.ctx, own("a"), &eventlog.Key{Name: "k"}, entries); err != nil {
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

// keyOfOtherEntries tests that a key refuses other entries: as many as it stands for,
// more that begin alike, or entries that come at the same time.
func keyOfOtherEntries(f *fixture) {
	r := f.follow(own("a"))
	_, end := r.bounds()
	first := f.keyed(own("a"), "k", f.entries(3))
	stands := eventlog.Appended{}.Add(first...)
	stands.Closed = true
	renamed := again(first)
	renamed[1].Name = "thinking"
	moved := again(first) // a byte from the name to the data
	moved[0].Name, moved[0].Data = moved[0].Name[:6], append([]byte("t"), moved[0].Data...)
	for _, entries := range [][]eventlog.Entry{f.entries(3), f.entries(1), f.entries(5), again(first)[:2], append(again(first), f.entries(1)...), renamed, moved} {
		f.wantReused(own("a"), eventlog.Key{Name: "k"}, stands, entries...)
		f.wantReused(own("a"), eventlog.Key{Name: "k", Close: true}, stands, entries...)
	}

	var wg sync.WaitGroup
	racing := make([][]eventlog.Entry, 8)
	errs := make([]error, len(racing))
	for i := range racing {
		racing[i] = f.entries(1 + i%3)
		wg.Go(func() {
			errs[i] = f.log.Append(f.ctx, own("a"), &eventlog.Key{Name: "race", Close: i%2 == 0}, racing[i])
		})
	}
	wg.Wait()
	var won []eventlog.Entry
	for i, err := range errs {
		switch {
		case err == nil && won == nil:
			won = racing[i]
		case !errors.Is(err, eventlog.ErrKeyReused):
			f.Errorf("Append beside others under one key: error %v, want %v, and nil once", err, eventlog.ErrKeyReused)
		}
	}
	r.expect(end, slices.Concat(first, won, f.append(own("a"), 1))...)
}

func keyOfAnotherSession(f *fixture) {
	a, b, ab := f.follow(own("a")), f.follow(own("b")), f.follow(own("ab"))
	_, end := a.bounds()
	inA, inB := f.keyed(own("a"), "k", f.entries(1)), f.keyed(own("b"), "k", f.entries(2))
	// An id and a key that are joined without a separator would be the same here.
	inA = append(inA, f.keyed(own("a"), "bk", f.entries(1))...)
	inAB := f.keyed(own("ab"), "k", f.entries(1))
	a.expect(end, inA...)
	b.expect(end, inB...)
	ab.expect(end, inAB...)
}

// keyOfForgottenSession tests that a session that is made again knows nothing of the keys
// from before: entries that were appended must be in the log.
func keyOfForgottenSession(f *fixture) {
	key := &eventlog.Key{Name: "k"}
	entries := f.piece(own("a"), key, f.entries(2)...)
	end := f.forget("a").ID
	r := f.follow(own("a"))
	// A caller that continues the earlier session and does not know of its end is told.
	f.want("Append", f.log.Append(f.ctx, own("a"), key, f.entries(1)), eventlog.ErrKeyForgotten)
	r.expect(end, f.keyed(own("a"), "k", again(entries))...)
}

// keyOfAnyName tests that a key's name may have any length and any bytes.
func keyOfAnyName(f *fixture) {
	long := string(make([]byte, 300))
	for _, name := range []string{" ", "a b.c>*\x00\xff", "\u00e9", long + "1", long + "2"} {
		first := f.keyed(own("a"), name, f.entries(1))
		if got := f.keyed(own("a"), name, again(first)); got[0].ID != first[0].ID {
			f.Errorf("key %.20q: repeated Append set id %d, want %d", name, got[0].ID, first[0].ID)
		}
	}
}
