package eventlog_test

import (
	"cmp"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
)

// forgetful is a log that others write to and read while it trims, forgets and makes
// again all that it has.
type forgetful struct {
	tester
	sessions []eventlog.Session

	mu      sync.Mutex
	written map[string][]eventlog.Entry // by list
}

// stretch is what one reader has read without a break, from a position to another.
type stretch struct {
	session  eventlog.Session
	from, to uint64
	entries  []eventlog.Entry
}

// Readers take no lock. Whatever happens meanwhile to what they read, to their
// session and to their scope: they get all there was, in order, or are told a gap.
func TestReadersBesideForgetting(t *testing.T) {
	const writers, calls = 4, 15_000
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	f := &forgetful{
		tester:   tester{t, eventlog.NewMemory(eventlog.Retention{Entries: 30, TotalBytes: 12_000, Idle: time.Microsecond})},
		sessions: []eventlog.Session{{ID: "a", Scope: "x"}, {ID: "b", Scope: "x"}, {ID: "c", Scope: "y"}, own("d"), own("e")},
		written:  make(map[string][]eventlog.Entry),
	}
	done := make(chan struct{})
	var writing, reading sync.WaitGroup
	var all [][]stretch
	for i := range 2 * len(f.sessions) {
		random := rand.New(rand.NewPCG(seed, uint64(i)))
		all = append(all, nil)
		reading.Go(func() { all[i] = f.read(f.sessions[i/2], random, done) })
	}
	for i := range writers {
		random := rand.New(rand.NewPCG(seed, uint64(100+i)))
		writing.Go(func() {
			for range calls {
				f.write(f.sessions[random.IntN(len(f.sessions))], random)
			}
		})
	}
	writing.Wait()
	close(done)
	reading.Wait()
	entries, n := 0, 0
	for _, stretches := range all {
		for _, s := range stretches {
			f.check(s)
			entries += len(s.entries)
		}
		n += len(stretches)
	}
	t.Logf("%d entries in %d stretches", entries, n)
}

// write does something to a session, if it is in a state for it.
func (f *forgetful) write(s eventlog.Session, random *rand.Rand) {
	var err error
	entries := make([]eventlog.Entry, 1)
	list := scopeList(s.ID, s.Scope)
	switch random.IntN(8) {
	case 0:
		err = f.log.Create(f.Context(), s, &entries[0])
	case 1:
		err = f.log.Delete(f.Context(), s.ID, &entries[0], time.Duration(random.IntN(20_000)))
	default:
		entries = make([]eventlog.Entry, 1+random.IntN(3))
		for i := range entries {
			entries[i].Data = make([]byte, random.IntN(50))
		}
		err, list = f.log.Append(f.Context(), s, nil, entries), sessionList(s.ID)
	}
	switch {
	case err == nil:
		f.mu.Lock()
		defer f.mu.Unlock()
		f.written[list] = append(f.written[list], entries...)
	case !errors.Is(err, eventlog.ErrSessionDeleted) && !errors.Is(err, eventlog.ErrSessionExists) && !errors.Is(err, eventlog.ErrSessionNotFound):
		f.Error(err)
	}
}

// read reads a session over many readers, until the writers have done and nothing
// more comes.
func (f *forgetful) read(s eventlog.Session, random *rand.Rand, done <-chan struct{}) (all []stretch) {
	at := f.end()
	for over := false; !over; {
		wake := make(chan struct{}, 1)
		r, err := f.log.Follow(f.Context(), s, func() {
			select {
			case wake <- struct{}{}:
			default:
			}
		})
		if err != nil {
			f.Error(err)
			return all
		}
		var part []stretch
		part, over = f.readOnce(r, stretch{session: s, from: at, to: at}, random, wake, done)
		r.Close()
		all = append(all, part...)
		last := part[len(part)-1]
		at = last.from + random.Uint64N(last.to-last.from+1)
	}
	return all
}

// readOnce reads through one reader, which begins with a stretch.
func (f *forgetful) readOnce(r eventlog.Reader, s stretch, random *rand.Rand, wake, done <-chan struct{}) (all []stretch, over bool) {
	for n := random.IntN(60); n > 0; n-- {
		b, err := r.Read(f.Context(), s.to, 1+random.IntN(500))
		switch {
		case errors.Is(err, eventlog.ErrGap):
			floor, end, err := r.Bounds(f.Context())
			if err != nil || floor <= s.to || floor > end {
				f.Errorf("a gap at %d, bounds %d and %d, %v", s.to, floor, end, err)
				return append(all, s), true
			}
			all = append(all, s)
			s = stretch{session: s.session, from: floor, to: floor}
			continue
		case err != nil:
			f.Error(err)
			return append(all, s), true
		}
		s.entries, s.to = append(s.entries, b.Entries...), b.Position
		if len(b.Entries) > 0 {
			continue
		}
		select {
		case <-wake:
		case <-done:
			return append(all, s), true
		}
	}
	return append(all, s), false
}

// check compares a stretch with all that was written.
func (f *forgetful) check(s stretch) {
	f.Helper()
	var want []eventlog.Entry
	for _, list := range []string{sessionList(s.session.ID), "scope " + s.session.Scope} {
		for _, e := range f.written[list] {
			if s.from < e.ID && e.ID <= s.to {
				want = append(want, e)
			}
		}
	}
	slices.SortFunc(want, func(a, b eventlog.Entry) int { return cmp.Compare(a.ID, b.ID) })
	if !slices.EqualFunc(s.entries, want, func(a, b eventlog.Entry) bool { return a.ID == b.ID && len(a.Data) == len(b.Data) }) {
		f.Errorf("a reader of %+v from %d to %d got %d entries, or others, want %d", s.session, s.from, s.to, len(s.entries), len(want))
	}
}
