package pglog_test

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

// texts returns an entry for each of the texts.
func texts(all ...string) []eventlog.Entry {
	entries := make([]eventlog.Entry, len(all))
	for i, text := range all {
		entries[i] = eventlog.Entry{Name: "content", Data: []byte(text)}
	}
	return entries
}

// append appends entries with these texts, and returns the id of the last.
func (m tester) append(s eventlog.Session, all ...string) uint64 {
	m.Helper()
	entries := texts(all...)
	if err := m.log.Append(m.Context(), s, nil, entries); err != nil {
		m.Fatalf("Append: %v", err)
	}
	return entries[len(entries)-1].ID
}

// follower is a reader that notes its wakes.
type follower struct {
	eventlog.Reader
	t     *testing.T
	woken chan struct{}
}

func (m tester) follow(s eventlog.Session) *follower {
	m.Helper()
	f := &follower{t: m.T, woken: make(chan struct{}, 1)}
	var err error
	f.Reader, err = m.log.Follow(m.Context(), s, func() {
		select {
		case f.woken <- struct{}{}:
		default:
		}
	})
	if err != nil {
		m.Fatalf("Follow: %v", err)
	}
	m.Cleanup(f.Close)
	return f
}

func (f *follower) bounds() (floor, end uint64) {
	f.t.Helper()
	floor, end, err := f.Bounds(f.t.Context())
	if err != nil {
		f.t.Fatalf("Bounds: %v", err)
	}
	return floor, end
}

// expect checks which texts follow a position, and waits for those that have not come yet. It
// reads only what it is woken for. It returns the position after them.
func (f *follower) expect(after uint64, want ...string) uint64 {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), patience)
	defer cancel()
	var got []string
	for {
		b, err := f.Read(ctx, after, 1<<20)
		if err != nil && !errors.Is(err, eventlog.ErrUnavailable) {
			f.t.Fatalf("Read(%d): %v, after %q", after, err, got)
		}
		if err == nil {
			after = b.Position
		}
		for _, e := range b.Entries {
			got = append(got, string(e.Data))
		}
		if len(got) >= len(want) && err == nil {
			break
		}
		if len(b.Entries) > 0 {
			continue
		}
		select {
		case <-f.woken:
		case <-ctx.Done():
			f.t.Fatalf("waited in vain for entries (%v)\n got %q\nwant %q", err, got, want)
		}
	}
	if !slices.Equal(got, want) {
		f.t.Fatalf("entries\n got %q\nwant %q", got, want)
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

// numbered returns the texts of the numbers from one to another.
func numbered(from, to int) (all []string) {
	for n := from; n <= to; n++ {
		all = append(all, fmt.Sprint(n))
	}
	return all
}
