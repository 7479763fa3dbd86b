package stream

import (
	"time"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/internal/ssewrite"
)

// prelude says what every stream begins with and, where there is a gap, its event.
func (s *Stream) prelude(buf *ssewrite.Buffer) {
	s.sayFirst(buf)
	if s.gap {
		s.tellGap(buf)
	}
	if s.finished() {
		s.conclude(buf)
	}
}

// sayFirst says the first word. Without an event for it that is a comment line: some middlewares
// decide what becomes of a response only when they see its body.
func (s *Stream) sayFirst(buf *ssewrite.Buffer) {
	s.tellRetry = true
	if v := &s.rules.Vocabulary; v.TellsPosition() {
		s.sayOwn(buf, s.connected, &v.Own.Connected, "")
		return
	}
	s.comment(buf)
}

// sendAway says all that there is in a stream whose client must come back later.
func (s *Stream) sendAway(buf *ssewrite.Buffer) {
	s.sayRetry(buf, s.connected, &s.rules.Vocabulary.Own.Connected, s.rules.DrainRetry())
}

// heartbeat says a sign of life, with the position where the contract has an event for it.
func (s *Stream) heartbeat(buf *ssewrite.Buffer) {
	if heartbeat := &s.rules.Vocabulary.Own.Heartbeat; heartbeat.Name != "" {
		s.sayOwn(buf, s.position, heartbeat, "")
		return
	}
	s.comment(buf)
}

// lastWords says the last of a stream that has not reached the end of its session. A client that
// can come back at once is told when.
func (s *Stream) lastWords(buf *ssewrite.Buffer) {
	switch retry := s.rules.Retry; s.why {
	case Drained, LogUnavailable:
		s.farewell(buf, s.rules.DrainRetry())
	case Aged:
		s.farewell(buf, retry+s.rules.jitter(retry))
	case Gap:
		s.farewell(buf, retry)
	default:
		s.closeComment(buf)
	}
}

// farewell tells the client of an ending stream when to come back.
func (s *Stream) farewell(buf *ssewrite.Buffer, retry time.Duration) {
	s.sayRetry(buf, s.position, &s.rules.Vocabulary.Own.Heartbeat, retry)
}

// conclude ends a stream that has reached the end of its session: with the sentinel, if there is
// one.
func (s *Stream) conclude(buf *ssewrite.Buffer) {
	if sentinel := s.rules.Vocabulary.Sentinel; sentinel != "" && s.deleted != 0 {
		buf.Data(sentinel)
		s.dangling = false
	}
	s.closeComment(buf)
	s.phase, s.why = over, SessionEnded
}

// gapMessage is the text of a gap event.
const gapMessage = "events before this position are no longer retained, and some may be missing"

// tellGap says that events before the position may be missing, if the contract has an event for
// it.
func (s *Stream) tellGap(buf *ssewrite.Buffer) {
	s.said.Gaps++
	if v := &s.rules.Vocabulary; v.TellsGaps() {
		s.sayOwn(buf, s.position, &v.Own.Gap, gapMessage)
	}
}

// sayOwn says an event of the server, with the reconnection time if that is still to be told.
func (s *Stream) sayOwn(buf *ssewrite.Buffer, id uint64, e *contract.ControlEvent, message string) {
	s.block(buf, e.Name, e.Data(contract.ControlValues{Session: s.session, Message: message}), id, s.retry())
}

// sayRetry says an event of the server with a reconnection time. If the contract has no such event,
// it says a retry line, without the empty line that would end a block: some clients take a block
// without data for an event without content.
func (s *Stream) sayRetry(buf *ssewrite.Buffer, id uint64, e *contract.ControlEvent, retry time.Duration) {
	if e.Name == "" {
		buf.Retry(retry)
		return
	}
	s.block(buf, e.Name, e.Data(contract.ControlValues{Session: s.session}), id, retry)
}

// block appends the block of an event.
func (s *Stream) block(buf *ssewrite.Buffer, name string, data []byte, id uint64, retry time.Duration) {
	if s.rules.Vocabulary.Unnamed {
		name = ""
	}
	buf.Block(name, data, id, retry)
	s.tellRetry, s.dangling = false, false
}

// retry returns the reconnection time that the next event tells, or ssewrite.NoRetry.
func (s *Stream) retry() time.Duration {
	if s.tellRetry {
		return s.rules.Retry
	}
	return ssewrite.NoRetry
}

// comment says a comment line.
func (s *Stream) comment(buf *ssewrite.Buffer) {
	buf.Comment()
	s.dangling = true
}

// closeComment says a retry line if a stream would otherwise end with a comment line: some clients
// never come back after such an end, or report an event without content.
func (s *Stream) closeComment(buf *ssewrite.Buffer) {
	if s.dangling {
		buf.Retry(s.rules.Retry)
		s.dangling = false
	}
}
