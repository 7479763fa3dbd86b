package stream

import "github.com/mixstream/mixstream/server/internal/clock"

// schedule sets when the stream ends, unless a drain has, and when it asks for an authorization.
func (s *Stream) schedule(now clock.Instant) {
	if age := s.rules.MaxAge; age > 0 && s.leave == 0 {
		s.leave = now.Add(age - s.rules.jitter(age/10))
	}
	s.Allow(now)
}

// Drain makes the stream end at an instant: the server shuts down.
func (s *Stream) Drain(at clock.Instant) {
	s.leave, s.draining, s.nothingDue = at, true, false
}

// Allow answers Ask: the reader is still allowed.
func (s *Stream) Allow(now clock.Instant) {
	if interval := s.rules.Reauthorization; interval > 0 {
		s.check = now.Add(interval - s.rules.jitter(interval/10))
	}
}

// Revoke answers Ask: the reader is no longer allowed, because of err.
func (s *Stream) Revoke(err error) { s.end(Revoked, err) }

// whyLeave returns why the stream ends at the instant leave.
func (s *Stream) whyLeave() Why {
	if s.draining {
		return Drained
	}
	return Aged
}

// due returns when there is something to do if nothing happens until then: a heartbeat, or what
// comes before it.
func (s *Stream) due() clock.Instant {
	next, slack := s.written.Add(s.rules.Heartbeat), s.rules.Slack
	for _, at := range [...]clock.Instant{s.leave, s.check, s.again} {
		if at.Passed(next.Add(slack)) {
			next = at.Add(-slack)
		}
	}
	return next
}
