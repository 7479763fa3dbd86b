// Package stream decides what a stream tells its client, and when: the events of a log after a
// position, and what the server says itself. It has no socket, no goroutine and no clock.
//
// A driver takes turns with a [Stream]. In each it reads from the log, if the stream wants that
// ([Stream.Reads], [Stream.Read]), and asks for the next write at an instant of its clock
// ([Stream.Say]). When the bytes are out, it says so ([Stream.Sent]) and does what the turn has
// told it ([Next]).
package stream

import (
	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server/internal/clock"
)

// Stream is what one client is told of one session: a position in the log, and what is due.
// It has no lock: one goroutine at a time may use it.
type Stream struct {
	rules   *Rules
	session string
	reader  eventlog.Reader

	// Positions in the log.
	connected uint64 // the id of the first event
	position  uint64 // the stream has told all before it
	replayEnd uint64 // the end of the log when the stream began: what comes up to it is replayed
	deleted   uint64 // the id of the session's last event; 0 while the session goes on

	// When there is something to do. Zero is never.
	written     clock.Instant // the last turn that said something
	leave       clock.Instant // the end of the stream
	check       clock.Instant // the next authorization
	unavailable clock.Instant // the beginning of an outage of the log
	again       clock.Instant // the next read in an outage

	err error // what is behind the reason for the end

	events   uint64 // that were told, without what the last turn has said
	replayed uint64 // those of them that were in the log when the stream began
	said     Counts // by the last turn

	phase      phase
	why        Why  // the reason for the end, once there is one
	resumed    bool // the client has named a position
	gap        bool // the event of a gap follows the first one
	tellRetry  bool // the next event tells the reconnection time
	dangling   bool // the last bytes are a comment line
	draining   bool // leave is the end that a drain has set
	nothingDue bool // the last turn has said all that was due, and no time has passed since
}

// phase is how far a stream has come.
type phase uint8

const (
	beginning phase = iota // nothing is said
	away                   // nothing is said, and all that will be said is when to come back
	going                  // it follows the log
	ending                 // its last words are still to be said
	over                   // all is said
)

// Counts says what one turn has told the client.
type Counts struct {
	Events   uint32 // events of the log
	Replayed uint32 // those of them that were in the log when the stream began
	Gaps     uint32 // gaps, also those that no event tells
}

// New returns the stream of a session.
func New(rules *Rules, session string) Stream { return Stream{rules: rules, session: session} }

// Follow sets what the stream reads from. The stream closes it.
func (s *Stream) Follow(r eventlog.Reader) { s.reader = r }

// Close closes the reader. It may be called more than once.
func (s *Stream) Close() {
	if r := s.reader; r != nil {
		s.reader = nil
		r.Close()
	}
}

// Govern puts the stream under other rules, which must differ in times only.
func (s *Stream) Govern(rules *Rules) { s.rules = rules }

// Session returns the id of the session.
func (s *Stream) Session() string { return s.session }

// Connected returns the position that the stream tells first.
func (s *Stream) Connected() uint64 { return s.connected }

// Resumed reports whether the client has named a position.
func (s *Stream) Resumed() bool { return s.resumed }

// IsAway reports whether the stream only sends its client away.
func (s *Stream) IsAway() bool { return s.phase == away }

// Position returns the position up to which the stream has told everything.
func (s *Stream) Position() uint64 { return s.position }

// Events returns how many events of the log the stream has told, and how many of those were in
// the log when it began.
func (s *Stream) Events() (all, replayed uint64) { return s.events, s.replayed }

// CaughtUp reports whether the stream has told what was in the log when it began.
func (s *Stream) CaughtUp() bool { return s.position >= s.replayEnd }

// finished reports whether the session has ended, and nothing of it comes after the position.
func (s *Stream) finished() bool { return s.deleted != 0 && s.position >= s.deleted }
