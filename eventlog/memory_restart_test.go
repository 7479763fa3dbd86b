package eventlog_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/mixstream/mixstream/eventlog"
)

// A Memory begins where the clock is, so that it knows what came from the one
// before.
func TestRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before := tester{t, eventlog.NewMemory(eventlog.Retention{})}
		now := time.Now().UnixMicro()
		start := before.end()
		first := before.append(own("a"), "{}")
		if first != uint64(now) {
			t.Errorf("first id %d at %d µs", first, now)
		}
		for range 10 {
			before.append(own("a"), "{}")
		}
		last := before.end()

		time.Sleep(time.Millisecond)
		after := tester{t, eventlog.NewMemory(eventlog.Retention{})}
		check := func() {
			t.Helper()
			for _, old := range []uint64{start, first, last} {
				after.wantGap(own("a"), old)
				after.wantGap(own("b"), old)
				after.wantGap(eventlog.Session{ID: "c", Scope: "x"}, old)
			}
		}
		check()
		end := after.end()
		after.want(own("a"), end, 0)
		next := after.append(own("a"), "{}")
		after.create(eventlog.Session{ID: "c", Scope: "x"})
		check()
		after.want(own("a"), end, next)
	})
}
