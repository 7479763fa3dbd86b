package stream

import (
	"errors"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/ssewrite"
	"github.com/mixstream/mixstream/server/internal/clock"
)

// Next says what a driver does once the bytes of a turn are out.
type Next struct {
	Act Act
	At  clock.Instant // for Wait
	Why Why           // for End
	Err error         // for End: what has caused it; nil if no error has
}

// Act is what a driver does after a turn.
type Act uint8

// What a driver does after a turn.
const (
	Continue Act = iota // take the next turn at once
	Wait                // take the next turn at the instant At, or earlier if the log has something
	Ask                 // ask whether the reader is still allowed, then call Allow or Revoke
	End                 // close the connection: all is said
)

// Why is the reason for the end of a stream.
type Why uint8

// Reasons for the end of a stream.
const (
	SessionEnded   Why = iota + 1 // it has told the end of its session
	Drained                       // the server shuts down
	Aged                          // it has reached its maximum age
	Revoked                       // the reader is no longer allowed
	Gap                           // events are gone, and no event can tell it
	LogFailed                     // the log cannot be read
	LogUnavailable                // the log was unavailable for too long
)

// Say appends the next write to the buffer, if there is anything to say, and returns what to do
// after it. f is what [Stream.Read] has found, or zero. Say never blocks.
//
// The driver may call it too often: without a reason it says nothing. It returns Ask until that
// is answered, and End after the end. Before the next call the bytes must be out, and the driver
// must have called [Stream.Sent].
func (s *Stream) Say(now clock.Instant, f *Found, buf *ssewrite.Buffer) Next {
	s.said, s.nothingDue = Counts{}, false
	next := s.advance(now, f, buf)
	if buf.Len() > 0 {
		s.written = now
		s.nothingDue = next.Act == Continue && s.phase == going
	}
	return next
}

// SayNothing takes the place of [Stream.Say] if the read right after a write has found nothing:
// it moves the position, and returns the instant until which the stream waits. Most writes are
// followed by such a read, and this saves a buffer and a look at the clock. It returns false if
// the driver must call Say.
func (s *Stream) SayNothing(f *Found) (at clock.Instant, ok bool) {
	if !s.nothingDue || !f.Nothing() {
		return 0, false
	}
	s.nothingDue, s.unavailable, s.again = false, 0, 0
	s.position = max(s.position, f.batch.Position)
	return s.due(), !s.finished()
}

// Sent counts what the last turn has said, once its bytes are out, and returns it.
func (s *Stream) Sent() Counts {
	said := s.said
	s.events += uint64(said.Events)
	s.replayed += uint64(said.Replayed)
	s.said = Counts{}
	return said
}

// advance says what is due in the phase of the stream, and moves it to the next phase.
func (s *Stream) advance(now clock.Instant, f *Found, buf *ssewrite.Buffer) Next {
	switch s.phase {
	case beginning:
		s.schedule(now)
		s.phase = going
		s.prelude(buf)
		return s.sayDue(now, true, buf)
	case away:
		s.phase = over
		s.sendAway(buf)
	case going:
		s.tell(now, f, buf)
		return s.sayDue(now, f.more(), buf)
	case ending:
		s.phase = over
		s.lastWords(buf)
	}
	return Next{Act: End, Why: s.why, Err: s.err}
}

// sayDue is the last step of a turn, which may have put something into the buffer before. It says
// the last words or a heartbeat if they are due, and returns what to do next. more says that the
// log may have more. After events, the last words go out in the next write. They do not wait for
// another read: a busy log would put off the end again and again.
func (s *Stream) sayDue(now clock.Instant, more bool, buf *ssewrite.Buffer) Next {
	said, soon := buf.Len() > 0, now.Add(s.rules.Slack)
	if s.phase == going && s.leave.Passed(soon) {
		s.end(s.whyLeave(), nil)
	}
	switch {
	case s.phase == ending && !said:
		s.phase = over
		s.lastWords(buf)
		fallthrough
	case s.phase == over:
		return Next{Act: End, Why: s.why, Err: s.err}
	case s.phase == ending:
		return Next{Act: Continue}
	case s.check.Passed(soon):
		return Next{Act: Ask}
	case said, more:
		return Next{Act: Continue}
	case now.Sub(s.written) >= s.rules.Heartbeat:
		s.heartbeat(buf)
		return Next{Act: Continue}
	}
	return Next{Act: Wait, At: s.due()}
}

// tell says what a read has found.
func (s *Stream) tell(now clock.Instant, f *Found, buf *ssewrite.Buffer) {
	if errors.Is(f.err, eventlog.ErrUnavailable) {
		s.wait(now, f.err)
		return
	}
	s.unavailable, s.again = 0, 0
	switch {
	case f.err != nil:
		s.end(LogFailed, f.err)
	case f.gap && !s.rules.goesOnBehindGaps():
		s.end(Gap, ErrGap)
	case f.gap:
		s.jump(f, buf)
	default:
		s.tellEvents(f, buf)
	}
}

// ErrGap is the error with which a stream ends that has come to a gap and cannot go on.
var ErrGap = errors.New("server: events are no longer retained")

// tryAgain is about how long a stream waits before it reads an unavailable log again. A log that
// is back need not wake the readers that have missed nothing.
const tryAgain = time.Second

// wait waits for a log that is unavailable because of err, but not for longer than LogOutage.
func (s *Stream) wait(now clock.Instant, err error) {
	if s.unavailable == 0 {
		s.unavailable = now
	}
	if now.Sub(s.unavailable) >= s.rules.LogOutage {
		s.end(LogUnavailable, err)
		return
	}
	s.again = now.Add(tryAgain/2 + s.rules.jitter(tryAgain))
}

// end makes the next words of the stream its last.
func (s *Stream) end(why Why, err error) {
	s.phase, s.why, s.err, s.nothingDue = ending, why, err, false
}
