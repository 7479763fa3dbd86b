package stream

import (
	"context"
	"math/rand/v2"
	"time"
)

// Rules say what streams tell their clients and when. All streams of a server share them, and
// must not change them.
type Rules struct {
	Vocabulary Vocabulary
	Sessions   Sessions

	FromStart  bool // a stream without a position begins with the oldest event that is retained
	SilentGaps bool // a stream goes on behind a gap, though the contract has no event to tell it

	Retry           time.Duration // the reconnection time that each stream tells its client
	DrainWindow     time.Duration // the most that is added to it for a client that is sent away
	Heartbeat       time.Duration // the longest time without a word
	MaxAge          time.Duration // the longest life of a stream; 0: no limit
	Reauthorization time.Duration // the time until a reader is authorized again; 0: never
	LogOutage       time.Duration // the longest time that a stream waits for an unavailable log

	// Slack is how late a driver may take a turn. A stream does early what would otherwise come
	// too late.
	Slack time.Duration

	// Jitter returns a random time from 0 to d. Nil is [Jitter].
	Jitter func(d time.Duration) time.Duration
}

// Sessions knows which sessions there are.
type Sessions interface {
	// Lookup reports whether there is such a session. deleted is the id of its last event once it
	// has ended, and 0 before.
	Lookup(ctx context.Context, session string) (known bool, deleted uint64, err error)
}

// Jitter returns a random time from 0 to d, in whole milliseconds.
func Jitter(d time.Duration) time.Duration {
	if d < time.Millisecond {
		return 0
	}
	return rand.N(d).Truncate(time.Millisecond)
}

func (r *Rules) jitter(d time.Duration) time.Duration {
	if r.Jitter != nil {
		return r.Jitter(d)
	}
	return Jitter(d)
}

// DrainRetry returns the reconnection time for a client that is sent away.
func (r *Rules) DrainRetry() time.Duration { return r.Retry + r.jitter(r.DrainWindow) }

// goesOnBehindGaps reports whether a stream goes on behind a gap.
func (r *Rules) goesOnBehindGaps() bool { return r.Vocabulary.TellsGaps() || r.SilentGaps }
