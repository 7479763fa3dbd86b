package natslog_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
)

// patience is how long a test waits for what must happen.
const patience = 30 * time.Second

func own(id string) eventlog.Session { return eventlog.Session{ID: id} }

// tester calls a log and fails the test on an error.
type tester struct {
	*testing.T
	log eventlog.Log
}

func (m tester) create(s eventlog.Session) uint64 {
	m.Helper()
	e := eventlog.Entry{Name: "session_created", Data: []byte("{}")}
	if err := m.log.Create(m.Context(), s, &e); err != nil {
		m.Fatalf("Create: %v", err)
	}
	return e.ID
}

func (m tester) append(s eventlog.Session, n int) []uint64 {
	m.Helper()
	return m.keyed(s, "", n)
}

func (m tester) keyed(s eventlog.Session, key string, n int) []uint64 {
	m.Helper()
	return m.under(s, named(key), n)
}

// under appends n entries under a key, which are the same each time.
func (m tester) under(s eventlog.Session, key *eventlog.Key, n int) []uint64 {
	m.Helper()
	entries := make([]eventlog.Entry, n)
	for i := range entries {
		entries[i] = eventlog.Entry{Name: "content", Data: fmt.Appendf(nil, "%d", i)}
	}
	if err := m.log.Append(m.Context(), s, key, entries); err != nil {
		m.Fatalf("Append: %v", err)
	}
	ids := make([]uint64, n)
	for i := range entries {
		ids[i] = entries[i].ID
	}
	return ids
}

// named returns a key of that name; nil without one.
func named(key string) *eventlog.Key {
	if key == "" {
		return nil
	}
	return &eventlog.Key{Name: key}
}

func (m tester) delete(session string, grace time.Duration) uint64 {
	m.Helper()
	e := eventlog.Entry{Name: "session_deleted", Data: []byte("{}")}
	if err := m.log.Delete(m.Context(), session, &e, grace); err != nil {
		m.Fatalf("Delete: %v", err)
	}
	return e.ID
}

// forget deletes a session, and makes the log forget it.
func (m tester) forget(s eventlog.Session) (last uint64) {
	m.Helper()
	last = m.delete(s.ID, 0)
	if _, err := m.log.Lookup(m.Context(), s.ID); !errors.Is(err, eventlog.ErrSessionNotFound) {
		m.Fatalf("Lookup: %v", err)
	}
	return last
}

// follower is a reader that notes its wakes.
type follower struct {
	eventlog.Reader
	t     *testing.T
	woken chan struct{}
}

func (m tester) follow(s eventlog.Session) *follower {
	m.Helper()
	f, err := m.open(s)
	if err != nil {
		m.Fatalf("Follow: %v", err)
	}
	m.Cleanup(f.Close)
	return f
}

// open is follow without a check, and the caller closes the reader.
func (m tester) open(s eventlog.Session) (f *follower, err error) {
	f = &follower{t: m.T, woken: make(chan struct{}, 1)}
	f.Reader, err = m.log.Follow(m.Context(), s, func() {
		select {
		case f.woken <- struct{}{}:
		default:
		}
	})
	return f, err
}

func (f *follower) bounds() (floor, end uint64) {
	f.t.Helper()
	floor, end, err := f.Bounds(f.t.Context())
	if err != nil {
		f.t.Fatalf("Bounds: %v", err)
	}
	return floor, end
}

// expect checks which ids follow a position, and waits for those that have not come
// yet. It reads only what it is woken for. It returns the position after them.
func (f *follower) expect(after uint64, want ...uint64) uint64 {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), patience)
	defer cancel()
	var got []uint64
	for {
		b, err := f.Read(ctx, after, 1<<20)
		if err != nil {
			f.t.Fatalf("Read(%d): %v, after %d of %d entries", after, err, len(got), len(want))
		}
		after = b.Position
		for _, e := range b.Entries {
			got = append(got, e.ID)
		}
		if len(got) >= len(want) {
			break
		}
		if len(b.Entries) > 0 {
			continue
		}
		select {
		case <-f.woken:
		case <-ctx.Done():
			f.t.Fatalf("the entries do not come\n got %d\nwant %d", got, want)
		}
	}
	if !slices.Equal(got, want) {
		f.t.Fatalf("entries\n got %d\nwant %d", got, want)
	}
	return after
}

func (f *follower) expectGap(after uint64) {
	f.t.Helper()
	b, err := f.Read(f.t.Context(), after, 1<<20)
	if !errors.Is(err, eventlog.ErrGap) {
		f.t.Errorf("Read(%d): %d entries, error %v; want %v", after, len(b.Entries), err, eventlog.ErrGap)
	}
}

// history is what a connection would tell of a session.
type history struct {
	position uint64
	ids      []uint64
	gap      uint64 // up to where entries were missing that it was told of
}

// read goes on from the position to the end of the log.
func (h *history) read(ctx context.Context, r eventlog.Reader) error {
	for {
		b, err := r.Read(ctx, h.position, 1<<20)
		switch {
		case errors.Is(err, eventlog.ErrGap):
			floor, _, err := r.Bounds(ctx)
			if err != nil {
				return err
			}
			if floor <= h.position {
				return fmt.Errorf("a gap after %d, and the floor is %d", h.position, floor)
			}
			h.gap, h.position = floor, floor
			continue
		case err != nil:
			return err
		}
		for _, e := range b.Entries {
			h.ids = append(h.ids, e.ID)
		}
		h.position = b.Position
		if len(b.Entries) == 0 {
			return nil
		}
	}
}

// meet reads until the last of the entries, when it is woken, and checks that each was
// read once and in order, or is within a gap.
func (h *history) meet(t *testing.T, r *follower, want []uint64) {
	t.Helper()
	for end := want[len(want)-1]; h.position < end; {
		select {
		case <-r.woken:
			if err := h.read(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		case <-time.After(patience):
			t.Fatalf("not woken again after %d of %d", h.ids, want)
		}
	}
	missed := slices.DeleteFunc(slices.Clone(want), func(id uint64) bool { return slices.Contains(h.ids, id) })
	if !slices.IsSorted(h.ids) || len(h.ids)+len(missed) != len(want) || len(missed) > 0 && missed[len(missed)-1] > h.gap {
		t.Errorf("entries, with a gap up to %d:\n got %d\nwant %d", h.gap, h.ids, want)
	}
}

// until waits for a condition that nothing announces.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !holds(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}
