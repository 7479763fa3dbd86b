package server

import (
	"sync/atomic"
	"time"
)

// backlog tells for how long a stream has been behind the end of the log. The
// entries of a log bear no times: the time of a wake stands for that of the
// entries that it announces.
type backlog struct {
	woken  atomic.Int64 // the instant at which the log first woke the stream after the last read began; 0: it has not
	since  instant      // since when what the last read found has waited; 0: it found nothing
	behind bool         // the last read may have left something
}

// wake is called by the log.
func (b *backlog) wake(s *engine) {
	if b.woken.Load() == 0 {
		b.woken.Store(int64(s.now()))
	}
}

// reading is called before each read. What the read will find has waited as long
// as what was left before, or since the wake, or is only about to wake the stream.
func (b *backlog) reading(s *engine) {
	woken := instant(b.woken.Swap(0))
	switch {
	case b.since != 0 && (b.behind || woken == 0):
	case woken != 0:
		b.since = woken
	default:
		b.since = s.now()
	}
}

// atEnd is called when a read has found nothing.
func (b *backlog) atEnd() { b.since, b.behind = 0, false }

// wrote is called when n bytes are out, and returns how long they have waited. A
// log does not tell whether it has more. After a small write that is taken for
// unlikely: else the lag of a reader that keeps up with a publisher that never
// pauses would grow for ever.
func (b *backlog) wrote(s *engine, n int) (lag time.Duration) {
	b.behind = n > maxWrite/2
	return s.now().sub(b.since)
}
