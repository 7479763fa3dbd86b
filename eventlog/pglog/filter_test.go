package pglog_test

import (
	"fmt"
	"testing"

	"github.com/mixstream/mixstream/eventlog/pglog"
)

// However many streams are followed, and however many were, each reader gets what is new.
func TestManyStreams(t *testing.T) {
	const n = 200
	l, traces, _, _ := newTraced(t, pglog.Options{})
	m := tester{t, l}
	var readers []*follower
	check := func() {
		t.Helper()
		at := make([]uint64, len(readers))
		for i, r := range readers {
			_, at[i] = r.bounds()
		}
		before := traces.count("read")
		for i, r := range readers {
			m.append(own(fmt.Sprint(i)), "1")
			r.expect(at[i], "1")
		}
		// A reader asks the database until the tail knows of it.
		if n := traces.count("read") - before; n > 5 {
			t.Errorf("%d queries of %d readers", n, len(readers))
		}
	}
	for i := range n {
		readers = append(readers, m.follow(own(fmt.Sprint(i))))
	}
	check()
	for _, r := range readers[20:] {
		r.Close()
	}
	readers = readers[:20]
	check()
}
