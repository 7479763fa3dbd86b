package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/excerpt"
	"github.com/mixstream/mixstream/sse"
)

// Event is one event of a stream. It shares no bytes with the stream and may be kept.
type Event struct {
	ID   string // the position of the event, what Last-Event-ID carries
	Name string // the event name
	// Data is the typed data: a pointer to one of the data types of package gen, or
	// a *gen.UnknownEvent.
	Data gen.Event
	// Retry is the reconnection time that the event set, if HasRetry.
	Retry    time.Duration
	HasRetry bool
}

// Stream is the typed, reconnecting stream of one session.
//
// One goroutine at a time may use it; Close and Reconnect may be called from any.
type Stream struct {
	source    *Source
	cfg       config
	sessionID string

	event      Event
	ids        ids
	raw        []byte // the data of event, which is the source's
	connection int    // of the source, by which event came

	afterConnected bool   // the event before was connected
	untold         string // the id that was asked for where connected had noPosition and the gap event is still to come

	lastID   string // of the last event that was delivered
	ahead    bool   // event was read but not delivered yet
	last     bool   // event is the last one
	err      error  // io.EOF after a clean end
	reported bool   // All has yielded err
}

// openStream reads the first event.
func openStream(source *Source, sessionID string, cfg config) (*Stream, error) {
	if cfg.unmarshal == nil {
		cfg.unmarshal = newUnmarshal()
	}
	s := &Stream{source: source, cfg: cfg, sessionID: sessionID, lastID: source.LastEventID()}
	s.ahead = s.read()
	if err := s.Err(); err != nil {
		source.Close()
		return nil, err
	}
	if s.event.Name == connectedName {
		s.lastID = s.event.ID // it stands for no event, so nothing is skipped
	}
	return s, nil
}

// Next reads the next event and reports whether there is one, which Event then
// returns. It waits and reconnects for as long as it must. After it has returned
// false, Err tells why, and it returns false again.
func (s *Stream) Next() bool {
	if s.ahead {
		s.ahead = false
		if s.err = s.source.done(); s.err != nil {
			s.event, s.raw = Event{}, nil
			return false
		}
	} else if !s.read() {
		return false
	}
	s.lastID = s.event.ID
	return true
}

// Event returns the event that the last Next has read.
func (s *Stream) Event() Event { return s.event }

// Raw returns the data of that event as it came; nil if it was over the size
// limit. The bytes are valid until the next call of Next, unlike Event, which may
// be kept.
func (s *Stream) Raw() json.RawMessage { return s.raw }

// Err returns why the stream is over: nil if it is really finished, or if it is
// not over yet.
func (s *Stream) Err() error {
	if s.err == io.EOF { // only itself: a failure may wrap another io.EOF
		return nil
	}
	return s.err
}

// LastEventID returns the id of the last event that was delivered, from which a
// new stream goes on without loss.
func (s *Stream) LastEventID() string { return s.lastID }

// Reconnect drops the connection and opens another at once. It may be called
// from any goroutine.
func (s *Stream) Reconnect() { s.source.Reconnect() }

// Close ends the stream and frees its connection. A Next that is under way
// returns false, and Err returns ErrClosed unless the stream was over before. It
// may be called more than once and from any goroutine, and returns no error.
func (s *Stream) Close() error { return s.source.Close() }

// All yields the events that are still to come, and at the end the error, if
// there is one, beside a zero Event. Breaking out of the loop does not close the
// stream: another All, or Next, goes on behind the last event. An error is
// yielded once.
func (s *Stream) All() iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for s.Next() {
			if !yield(s.event, nil) {
				return
			}
		}
		if err := s.Err(); err != nil && !s.reported {
			s.reported = true
			yield(Event{}, err)
		}
	}
}

// read reads the next event into s.event, or s.err.
func (s *Stream) read() bool {
	if s.last && s.err == nil {
		s.source.Close()
		s.err = io.EOF
	}
	if s.err != nil {
		return false
	}
	err := s.source.advance()
	raw := &s.source.event
	s.raw = raw.Data
	if err != nil && !errors.Is(err, sse.ErrEventTooLarge) {
		s.event, s.err = Event{}, s.ended(err)
		return false
	}
	s.afterConnected = s.event.Name == connectedName
	s.event.ID = s.ids.text(raw.ID)
	s.event.Name = raw.Name
	s.event.Data = s.decode(raw, err)
	s.event.Retry, s.event.HasRetry = raw.Retry, raw.HasRetry
	if s.err = s.refuse(&s.event); s.err != nil {
		s.event, s.raw = Event{}, nil
		s.source.Close()
		return false
	}
	s.connection = s.source.connections
	s.last = s.isLast(s.event.Data)
	return true
}

// ended returns the error of a stream that the source has ended. A gap that connected
// has shown, and of which nothing more has come, is not to be a clean end.
func (s *Stream) ended(err error) error {
	if err != io.EOF || s.untold == "" { //nolint:errorlint // the source returns io.EOF itself
		return err
	}
	if gap := s.refuseGap(elsewhere(s.untold, noPosition)); gap != nil {
		return gap
	}
	return err
}

// refuseGap tells of a gap, and returns it if it is to end the stream.
func (s *Stream) refuseGap(gap *GapError) error {
	if s.cfg.onGap != nil {
		s.cfg.onGap(gap)
	}
	if s.cfg.continueOnGap {
		return nil
	}
	return gap
}

// decode makes typed data of an event that came with err.
func (s *Stream) decode(raw *sse.Event, err error) gen.Event {
	if err != nil {
		return &gen.UnknownEvent{Name: raw.Name, Err: err}
	}
	data := gen.DecodeEventFunc(raw.Name, raw.Data, s.cfg.unmarshal)
	if unknown, ok := data.(*gen.UnknownEvent); ok {
		unknown.Data = bytes.Clone(unknown.Data)
	}
	return data
}

// refuse returns the error that ends the stream instead of delivering the event.
func (s *Stream) refuse(event *Event) error {
	if gap := s.gap(event); gap != nil {
		if err := s.refuseGap(gap); err != nil {
			return err
		}
	}
	unknown, ok := event.Data.(*gen.UnknownEvent)
	switch {
	case !ok || !s.cfg.strict:
		return nil
	case errors.As(unknown.Err, new(*gen.InvalidEventError)): // which has the name as well
		return fmt.Errorf("%w %w", ErrUnknownEvent, unknown.Err)
	case unknown.Err != nil:
		return fmt.Errorf("%w %s: %w", ErrUnknownEvent, excerpt.Quote(unknown.Name), excerpt.Error(unknown.Err))
	}
	return fmt.Errorf("%w %s", ErrUnknownEvent, excerpt.Quote(unknown.Name))
}

// isLast tells whether the stream is finished after this event.
func (s *Stream) isLast(event gen.Event) bool {
	switch data := event.(type) {
	case *gen.SessionDeletedData:
		return data.SessionID == s.sessionID
	case *gen.CompleteData:
		return s.cfg.untilComplete && data.ParentToolCallID == nil
	}
	return false
}
