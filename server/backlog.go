package server

import (
	"sync/atomic"
	"time"
)

// backlog tells for how long a stream has been behind the end of the log. The
// entries of a log bear no times: the time of a wake stands for that of the
// entries that it announces.
type backlog struct {
	began  time.Time
	woken  atomic.Int64 // when the log first woke the stream after the last read began; 0: it has not
	since  int64        // since when what the last read found has waited; 0: it found nothing
	behind bool         // the last read may have left something
}

// now returns the time, as nanoseconds that begin with 1.
func (b *backlog) now() int64 { return int64(time.Since(b.began)) + 1 }

// wake is called by the log.
func (b *backlog) wake() {
	if b.woken.Load() == 0 {
		b.woken.Store(b.now())
	}
}

// reading is called before each read. What the read will find has waited as long
// as what was left before, or since the wake, or is only about to wake the stream.
func (b *backlog) reading() {
	woken := b.woken.Swap(0)
	switch {
	case b.since != 0 && (b.behind || woken == 0):
	case woken != 0:
		b.since = woken
	default:
		b.since = b.now()
	}
}

// atEnd is called when a read has found nothing.
func (b *backlog) atEnd() { b.since, b.behind = 0, false }

// wrote is called when n bytes are out, and returns how long they have waited. A
// log does not tell whether it has more. After a small write that is taken for
// unlikely: else the lag of a reader that keeps up with a publisher that never
// pauses would grow for ever.
func (b *backlog) wrote(n int) (lag time.Duration) {
	b.behind = n > maxWrite/2
	return time.Duration(b.now() - b.since)
}
