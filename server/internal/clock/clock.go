// Package clock tells the time in a word.
package clock

import "time"

// Instant is a point in time: nanoseconds since its [Clock] was made. Zero is none. A
// stream holds several, and a time.Time takes three times the room.
type Instant int64

// Add returns the instant that is d later.
func (t Instant) Add(d time.Duration) Instant { return t + Instant(d) }

// Sub returns the time from u to t.
func (t Instant) Sub(u Instant) time.Duration { return time.Duration(t - u) }

// Passed reports whether t is set and not in the future.
func (t Instant) Passed(now Instant) bool { return t != 0 && t <= now }

// Clock counts from the moment it was made. It is monotonic, and safe for concurrent use.
type Clock struct{ made time.Time }

// New returns a clock.
func New() Clock { return Clock{time.Now()} }

// Now returns the present. It is never zero.
func (c Clock) Now() Instant { return Instant(time.Since(c.made)) + 1 }
