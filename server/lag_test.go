package server

import (
	"testing"
	"time"

	"github.com/mixstream/mixstream/internal/ssewrite"
	"github.com/mixstream/mixstream/server/internal/clock"
)

// A log may give an entry to a read before it wakes the stream. Such an entry has not waited.
func TestLagOfEntryBeforeItsWake(t *testing.T) {
	now := clock.Instant(time.Hour)
	var l lag
	l.begin(now)
	l.reading(now)
	l.atEnd()
	for _, size := range []int{100, ssewrite.MaxWrite} {
		now = now.Add(time.Minute) // a heartbeat is due, and an entry has come
		l.reading(now)
		if got := l.wrote(now.Add(time.Millisecond), size); got != time.Millisecond {
			t.Errorf("an entry of %d bytes is %v behind", size, got)
		}
		l.reading(now)
		l.atEnd()
	}
}

// What a log has at the beginning of a stream waits since then, also if the log wakes the stream
// before its first read.
func TestLagOfReplay(t *testing.T) {
	began := clock.Instant(time.Hour)
	var l lag
	l.begin(began)
	l.wake.Store(int64(began.Add(time.Second)))
	l.reading(began.Add(2 * time.Second))
	if got := l.wrote(began.Add(3*time.Second), 100); got != 3*time.Second {
		t.Errorf("%v behind", got)
	}
}
