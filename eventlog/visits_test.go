package eventlog_test

import (
	"testing"

	"github.com/mixstream/mixstream/eventlog"
)

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
