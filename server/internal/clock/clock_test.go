package clock_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/mixstream/mixstream/server/internal/clock"
)

func TestClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clock.New()
		first := c.Now()
		if first == 0 {
			t.Error("the first instant is that of none")
		}
		time.Sleep(time.Second)
		if d := c.Now().Sub(first); d != time.Second {
			t.Errorf("a second took %v", d)
		}
		if c.Now() != first.Add(time.Second) {
			t.Error("a second later is another instant")
		}
	})
}

func TestPassed(t *testing.T) {
	const now = clock.Instant(10)
	for at, want := range map[clock.Instant]bool{0: false, 9: true, 10: true, 11: false} {
		if at.Passed(now) != want {
			t.Errorf("%d has passed at %d: %t", at, now, !want)
		}
	}
}
