package logtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/mixstream/mixstream/eventlog"
)

// keyInPieces appends entries piece by piece under one key. Another caller learns with one
// call how far that has got.
func keyInPieces(f *fixture) {
	r := f.follow(own("a"))
	_, end := r.bounds()
	key := &eventlog.Key{Name: "k"}
	first := f.piece(own("a"), key, f.entries(2)...)
	after := *key
	second := f.piece(own("a"), key, f.entries(3)...)

	// Repeat the last piece, as a caller does that has lost its answer.
	repeated := after
	if got := f.piece(own("a"), &repeated, again(second)...); !slices.Equal(ids(got), ids(second)) {
		f.Errorf("repeated Append set ids %d, want %d", ids(got), ids(second))
	}
	f.wantReused(own("a"), after, key.Appended, f.entries(3)...)
	f.wantReused(own("a"), after, key.Appended, again(second)[:2]...)
	f.wantReused(own("a"), eventlog.Key{Name: "k"}, key.Appended, again(first)...)
	f.wantReused(own("a"), eventlog.Key{Name: "k"}, key.Appended)
	ahead := *key
	ahead.Appended = key.Appended.Add(f.entries(1)...)
	ahead.Appended.Revision = 0
	f.wantReused(own("a"), ahead, key.Appended, f.entries(1)...)

	third := f.piece(own("a"), &repeated, f.entries(1)...)
	r.expect(end, slices.Concat(first, second, third, f.append(own("a"), 1))...)
}

// keyOfJoinedPieces repeats several pieces as one. The log must set the ids from before, or
// say what the key stands for, since pieces stand apart.
func keyOfJoinedPieces(f *fixture) {
	r := f.follow(own("a"))
	_, end := r.bounds()
	key := &eventlog.Key{Name: "k"}
	var all []eventlog.Entry
	for i := range 4 {
		if key.Close = i == 3; i == 2 {
			f.piece(own("a"), key) // a renewal
		}
		all = append(all, f.piece(own("a"), key, f.entries(2)...)...)
		f.append(own("b"), 1)
	}
	for from := 0; from < len(all); from += 2 {
		before := eventlog.Appended{}.Add(all[:from]...)
		repeated := &eventlog.Key{Name: "k", Appended: before, Close: true}
		entries := again(all[from:])
		if from < len(all)-2 {
			f.wantReused(own("a"), *repeated, key.Appended, entries...)
			continue
		}
		if got := f.piece(own("a"), repeated, entries...); !slices.Equal(ids(got), ids(all[from:])) {
			f.Errorf("repeated Append set ids %d, want %d", ids(got), ids(all[from:]))
		}
	}
	r.expect(end, append(all, f.append(own("a"), 1)...)...)
}

// keyWithoutEntries tests that an Append of no entries renews or closes a key, and does
// nothing else.
func keyWithoutEntries(f *fixture) {
	s := eventlog.Session{ID: "a", Scope: "x"}
	r := f.follow(own("a"))
	_, end := r.bounds()
	for _, key := range []eventlog.Key{{Name: "k"}, {Name: "k", Close: true}} {
		f.piece(s, &eventlog.Key{Name: key.Name})
		if _, err := f.log.Lookup(f.ctx, "a"); !errors.Is(err, eventlog.ErrSessionNotFound) {
			f.Errorf("after an Append of nothing, Lookup: error %v, want %v", err, eventlog.ErrSessionNotFound)
		}
	}
	unknown := &eventlog.Key{Name: "k", Appended: eventlog.Appended{}.Add(f.entries(1)...)}
	f.want("Append of nothing", f.log.Append(f.ctx, s, unknown, nil), eventlog.ErrKeyForgotten)

	key := &eventlog.Key{Name: "k"}
	all := f.piece(own("a"), key, f.entries(1)...)
	f.piece(own("a"), key)
	f.piece(own("a"), key)
	all = append(all, f.piece(own("a"), key, f.entries(2)...)...)
	key.Close = true
	f.piece(own("a"), key)
	f.piece(own("a"), key)
	f.wantReused(own("a"), *key, key.Appended, f.entries(1)...)
	r.expect(end, append(all, f.append(own("a"), 1)...)...)
}

// keyForgotten tests that a key under which entries were appended is known, or an error.
func keyForgotten(f *fixture) {
	r := f.follow(own("a"))
	_, end := r.bounds()
	key := eventlog.Key{Name: "k", Appended: eventlog.Appended{}.Add(f.entries(2)...)}
	key.Appended.Revision = 1
	f.want("Append", f.log.Append(f.ctx, own("a"), &key, f.entries(1)), eventlog.ErrKeyForgotten)
	all := f.append(own("a"), 1)
	err := f.log.Append(f.ctx, own("a"), &key, f.entries(1))
	f.want("Append", err, eventlog.ErrKeyForgotten)
	f.want("Append", err, eventlog.ErrOutcomeUnknown)
	r.expect(end, append(all, f.append(own("a"), 1)...)...)
}

// keyOfTrimmedEntries tests that a key outlives its entries.
func keyOfTrimmedEntries(f *fixture) {
	key := &eventlog.Key{Name: "k"}
	first := f.piece(own("a"), key, f.entries(2)...)
	after := *key
	second := f.piece(own("a"), key, f.entries(2)...)
	for range 20 * f.options.Entries {
		f.append(own("a"), 1)
	}
	r := f.follow(own("a"))
	r.expectGap(first[0].ID)
	_, end := r.bounds()
	if got := f.piece(own("a"), &after, again(second)...); !slices.Equal(ids(got), ids(second)) {
		f.Errorf("repeated Append set ids %d, want %d", ids(got), ids(second))
	}
	f.wantReused(own("a"), eventlog.Key{Name: "k"}, key.Appended, again(first)...)
	third := f.piece(own("a"), key, f.entries(1)...)
	r.expect(end, append(third, f.append(own("a"), 1)...)...)
}

// keyHammer makes callers publish the same bodies under the same keys at the same time,
// cut into different pieces. They stop anywhere and start again, and calls are cut off.
// Each body must be in the log once and in its order, whatever is trimmed.
func keyHammer(f *fixture) {
	const bodies, callers, tries = 4, 3, 6
	seed := rand.Uint64()
	f.Logf("seed %d", seed)
	r := f.follow(own("a"))
	_, end := r.bounds()
	var all [bodies][]eventlog.Entry
	for i := range all {
		all[i] = f.entries([]int{1, 2, 30, 40}[i%4])
	}
	var wg sync.WaitGroup
	for i := range bodies * callers {
		random := rand.New(rand.NewPCG(seed, uint64(i)))
		wg.Go(func() {
			body, name := all[i%bodies], fmt.Sprint("body ", i%bodies)
			for try := range tries {
				stop := random.IntN(2 * len(body))
				if try == tries-1 {
					stop = len(body)
				}
				if err := f.publish(random, name, again(body), stop, try < tries-1); err != nil {
					f.Errorf("%s: %v", name, err)
					return
				}
			}
		})
	}
	wg.Wait()
	if f.options.Entries > 0 {
		return // all that shows is that each caller came to the end of its body
	}
	var got [bodies][]string
	for _, e := range r.until(end, f.append(own("a"), 1)[0].ID) {
		for i := range all {
			if slices.ContainsFunc(all[i], func(o eventlog.Entry) bool { return bytes.Equal(o.Data, e.Data) }) {
				got[i] = append(got[i], string(e.Data))
			}
		}
	}
	for i := range all {
		var want []string
		for _, e := range all[i] {
			want = append(want, string(e.Data))
		}
		if !slices.Equal(got[i], want) {
			f.Errorf("body %d is in the log as %v", i, got[i])
		}
	}
}

// publish appends the first entries of a body under a key, up to stop or to its end, in
// random pieces. It does not know what other callers have appended of the body.
func (f *fixture) publish(random *rand.Rand, name string, body []eventlog.Entry, stop int, cuts bool) error {
	key := &eventlog.Key{Name: name}
	for key.Appended.Count < min(stop, len(body)) {
		from := key.Appended.Count
		to := min(len(body), from+1+random.IntN(8))
		key.Close = to == len(body)
		ctx, cancel := context.WithCancel(f.ctx)
		if cuts && random.IntN(4) == 0 {
			go cancel()
		}
		err := f.log.Append(ctx, own("a"), key, body[from:to])
		wasCut := ctx.Err() != nil
		cancel()
		var reused *eventlog.KeyError
		switch {
		case errors.As(err, &reused):
			stands := reused.Appended
			if stands.Count <= from && !stands.Closed || stands.Count > len(body) {
				return fmt.Errorf("after %d entries the key stands for %d", from, stands.Count)
			}
			if mine := (eventlog.Appended{}).Add(body[:stands.Count]...); !stands.Same(mine) {
				return errors.New("the key stands for other entries")
			}
			key.Appended = stands
		case wasCut:
			return nil // it may be appended or not
		case err != nil:
			return err
		}
	}
	return nil
}
