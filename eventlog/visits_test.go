package eventlog_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/mixstream/mixstream/eventlog"
)

// An append visits the readers of its own session and no other, however many
// sessions there are.
func TestAppendVisitsItsReadersOnly(t *testing.T) {
	const n = 10_000
	m := tester{t, eventlog.NewMemory(eventlog.Retention{})}
	var visits atomic.Int64
	woken := make([]int, n)
	all := sessions(n)
	for i, s := range all {
		m.append(s, "{}")
		r, err := m.log.Follow(t.Context(), s, func() { visits.Add(1); woken[i]++ })
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(r.Close)
	}
	for _, i := range []int{0, n / 2, n - 1} {
		visits.Store(0)
		woken[i] = 0
		m.append(all[i], "{}")
		if own, others := woken[i], visits.Load()-int64(woken[i]); own != 1 || others != 0 {
			t.Errorf("an append to session %d: %d visits to its reader, %d to those of the others; want 1 and 0", i, own, others)
		}
	}
}

// An append allocates no more for many readers than for one.
func TestAppendAllocationsDoNotGrow(t *testing.T) {
	var allocs []float64
	for _, readers := range []int{1, 1000} {
		m := tester{t, eventlog.NewMemory(eventlog.Retention{Entries: 100})}
		s := own("s")
		m.append(s, "{}")
		for range readers {
			r, err := m.log.Follow(t.Context(), s, func() {})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(r.Close)
		}
		data := []byte("{}")
		entries := make([]eventlog.Entry, 1)
		allocs = append(allocs, testing.AllocsPerRun(2000, func() {
			entries[0] = eventlog.Entry{Name: "content", Data: data}
			if err := m.log.Append(t.Context(), s, nil, entries); err != nil {
				t.Error(err)
			}
		}))
	}
	if allocs[0] != allocs[1] {
		t.Errorf("%v allocations with 1 reader, %v with 1000", allocs[0], allocs[1])
	}
}

// Following sessions that never get an entry leaves nothing behind.
func TestFollowLeavesNothingBehind(t *testing.T) {
	n := 50_000
	if slow() {
		n = 1_000_000
	}
	m := tester{t, eventlog.NewMemory(eventlog.Retention{})}
	m.append(own("known"), "{}")
	churn := func(from, to int) {
		const open = 100 // at a time
		var readers []eventlog.Reader
		for i := from; i < to; i++ {
			s := eventlog.Session{ID: fmt.Sprint("nobody", i), Scope: fmt.Sprint("scope", i%7000)}
			readers = append(readers, m.follow(s))
			if len(readers) == open {
				for _, r := range readers {
					r.Close()
				}
				readers = readers[:0]
			}
		}
		for _, r := range readers {
			r.Close()
		}
	}
	churn(0, n/100)         // what grows once, such as the buckets of a map
	const slack = 256 << 10 // of the runtime and the test itself
	if grown := m.grown(func() { churn(n/100, n) }); grown > slack {
		t.Errorf("the heap grew by %d bytes over %d sessions, want %d at most", grown, n, slack)
	}
	m.wantRecord("known", nil)
	m.wantRecord("nobody1", eventlog.ErrSessionNotFound)
}
