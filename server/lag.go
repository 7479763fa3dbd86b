package server

import (
	"sync/atomic"
	"time"

	"github.com/mixstream/mixstream/internal/ssewrite"
	"github.com/mixstream/mixstream/server/internal/clock"
)

// lag measures how long a stream has been behind the end of the log. The entries of a log bear no
// times: the time of a wake stands for that of the entries that it announces.
type lag struct {
	wake   atomic.Int64  // the instant of the first wake after the last read began; 0: there was none
	since  clock.Instant // since when the finds of the last read have waited; 0: it found nothing
	behind bool          // the last read may have left something
}

// begin says that what the log has for the stream waits since an instant.
func (l *lag) begin(since clock.Instant) { l.since, l.behind = since, true }

// woken says that the log has woken the stream. Any goroutine may call it.
func (l *lag) woken(c clock.Clock) {
	if l.wake.Load() == 0 {
		l.wake.Store(int64(c.Now()))
	}
}

// reading comes before each read. What the read will find has waited as long as what the last
// one left, or since the wake, or is only about to wake the stream.
func (l *lag) reading(now clock.Instant) {
	woken := clock.Instant(l.wake.Swap(0))
	switch {
	case l.since != 0 && (l.behind || woken == 0):
	case woken != 0:
		l.since = woken
	default:
		l.since = now
	}
}

// atEnd comes after a read that has found nothing.
func (l *lag) atEnd() { l.since, l.behind = 0, false }

// wrote comes when n bytes are out, and returns how long they have waited. A log does not tell
// whether it has more. After a small write that is taken for unlikely: otherwise the lag of a
// reader that keeps up with a publisher that never pauses would grow without end.
func (l *lag) wrote(now clock.Instant, n int) time.Duration {
	l.behind = n > ssewrite.MaxWrite/2
	return now.Sub(l.since)
}
