package server

import "time"

// instant is a point in time, as nanoseconds since the server was made; zero is none.
// A stream holds several, and a time.Time takes three times the room.
type instant int64

// now returns the present, which is never zero.
func (s *engine) now() instant { return instant(time.Since(s.began)) + 1 }

func (t instant) add(d time.Duration) instant { return t + instant(d) }

func (t instant) sub(u instant) time.Duration { return time.Duration(t - u) }

// passed tells whether there is such a point, and it is not in the future.
func (t instant) passed(now instant) bool { return t != 0 && t <= now }
