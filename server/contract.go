package server

import (
	"errors"
	"strings"
	"unicode"
)

// WithNamespace sets the name under which the log keeps the sessions and the scopes of this
// operation; by default that of the contract, which is the operationId unless the spec says
// otherwise. With an empty one, the log has their plain names. Two servers on one log serve the
// same sessions if they have the same namespace, and share nothing otherwise, whatever the
// names of their sessions. Set it when an operationId changes: the sessions of before stay
// under the old one.
func WithNamespace(name string) Option { return func(c *config) { c.namespace = name } }

// WithEventChecks sets whether Publish checks each event against its schema; by default it
// does, since a Go value can miss an enum, a pattern or a required list. What comes as JSON
// over HTTP is always checked.
func WithEventChecks(on bool) Option { return func(c *config) { c.checkEvents = on } }

// Start is where a stream begins whose request has no last event id.
type Start int

// Where streams begin.
const (
	// StartByContract is FromEnd if the first event of a stream tells its position, as a
	// connected event does, and FromStart otherwise: a browser that is cut before its first
	// event comes back without an id, and would miss what was published meanwhile.
	StartByContract Start = iota
	// FromStart begins with the oldest event that is retained.
	FromStart
	// FromEnd begins with what comes next.
	FromEnd
)

// WithFreshStart sets where a stream begins whose request has no last event id; by default
// StartByContract.
func WithFreshStart(s Start) Option { return func(c *config) { c.fresh = s } }

// WithSilentGaps makes streams go on behind a gap without a word, where the contract has no
// event for one. By default the server answers 410 to a request behind whose position events
// are gone, with the position from which the rest can be read in the header Last-Event-ID; and
// it ends a stream that falls behind what the log retains, whose client meets the 410 when it
// comes back. So no reader misses events without knowing.
func WithSilentGaps() Option { return func(c *config) { c.silentGaps = true } }

// WithSentinel sets the data of a last block, without name and id, that tells the end of a
// session to those who read its stream, such as "[DONE]". By default it is that of the
// contract (contract.End.Data). With an empty one there is none. An event with that data, or
// with that of the contract, cannot be published: readers would take it for the end.
func WithSentinel(data string) Option { return func(c *config) { c.sentinel = data } }

func (c *config) checkContract() error {
	switch {
	case strings.ContainsFunc(c.namespace, unicode.IsControl):
		return errors.New("server: a namespace must have no control character")
	case strings.ContainsAny(c.sentinel, "\r\n"):
		return errors.New("server: a sentinel must be one line")
	case c.fresh < StartByContract || c.fresh > FromEnd:
		return errors.New("server: unknown start of fresh streams")
	}
	return nil
}

// fromStart reports whether a stream without a last event id begins with the oldest event.
func (s *engine) fromStart() bool {
	return s.cfg.fresh == FromStart || s.cfg.fresh == StartByContract && !s.op.voice.tellsPosition()
}

// goesOnBehindGaps reports whether a stream goes on behind a gap.
func (s *engine) goesOnBehindGaps() bool { return s.op.voice.tellsGaps() || s.cfg.silentGaps }
