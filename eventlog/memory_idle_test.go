package eventlog_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mixstream/mixstream/eventlog"
)

// A log whose sessions are never deleted does not grow forever.
func TestIdleSessionsTakeNoMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := tester{t, eventlog.NewMemory(eventlog.Retention{Idle: time.Minute, Age: time.Second})}
		const rounds, n = 20, 1000
		round := func(i int) {
			for j := range n {
				m.append(eventlog.Session{ID: fmt.Sprint(i, "/", j), Scope: fmt.Sprint(j)}, "{}")
			}
			time.Sleep(time.Minute + 1)
		}
		round(0)
		m.append(own("first"), "{}") // which has the first round forgotten
		grown := m.grown(func() {
			for i := range rounds {
				round(1 + i)
			}
			m.append(own("last"), "{}")
		})
		if grown > 10*rounds*n {
			t.Errorf("%d bytes are left of each of %d sessions", grown/(rounds*n), rounds*n)
		}
		m.wantRecord("last", nil)
	})
}
