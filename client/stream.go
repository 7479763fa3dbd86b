package client

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/internal/excerpt"
)

// Event is one event of a stream. It shares no bytes with the stream and may be kept.
type Event[E any] struct {
	// ID is the position of the event, what Last-Event-ID carries. An event without an
	// id has that of the event before it; the first ones that of the stream's start.
	ID string
	// Name is the event's name; empty if the server gave none.
	Name string
	// Data is the typed data: a pointer to one of the generated types, or to the
	// UnknownEvent of the generated package.
	Data E
	// Retry is the reconnection time that the event set, if HasRetry.
	Retry    time.Duration
	HasRetry bool
}

// Stream is a typed, reconnecting stream of events.
//
// One goroutine at a time may use it; Close and Reconnect may be called from any.
type Stream[E any] struct {
	feed      *feed
	events    *contract.Events[E]
	unmarshal func(data []byte, v any) error
	ends      []func(*Event[E]) bool // what Until has set

	event    Event[E]
	ahead    bool  // event was read but not delivered yet
	last     bool  // event is the last one
	err      error // io.EOF after a clean end
	reported bool  // All has yielded err
}

// newStream returns a stream of a feed. It fails if an option is for other events.
func newStream[E any](f *feed, events *contract.Events[E], cfg config) (*Stream[E], error) {
	s := &Stream[E]{feed: f, events: events, unmarshal: cfg.unmarshal}
	if s.unmarshal == nil {
		s.unmarshal = newUnmarshal()
	}
	var err error
	s.ends, err = ends[E](&cfg)
	return s, err
}

// open connects, and reads the first event where that tells the position.
func (s *Stream[E]) open() (*Stream[E], error) {
	f := s.feed
	f.lastID = f.source.LastEventID()
	if f.facts.tellsPosition() {
		s.ahead = s.read()
	} else {
		s.err = f.source.connectNow()
	}
	if err := s.Err(); err != nil {
		f.source.Close()
		return nil, err
	}
	if !s.ahead || f.isConnected() { // it stands for no event, so nothing is skipped
		f.lastID = f.source.LastEventID()
	}
	return s, nil
}

// Next reads the next event and reports whether there is one, which Event then
// returns. It waits and reconnects for as long as it must. After it has returned
// false, Err tells why, and it returns false again.
func (s *Stream[E]) Next() bool {
	if s.ahead {
		s.ahead = false
		if s.err = s.feed.source.done(); s.err != nil {
			s.event, s.feed.raw = Event[E]{}, nil
			return false
		}
	} else if !s.read() {
		return false
	}
	s.feed.lastID = s.event.ID
	return true
}

// Event returns the event that the last Next has read.
func (s *Stream[E]) Event() Event[E] { return s.event }

// Raw returns the data of that event as it came, which is JSON unless the spec says
// otherwise; nil if it was over the size limit. The bytes are valid until the next call of
// Next, unlike Event, which may be kept.
func (s *Stream[E]) Raw() []byte { return s.feed.raw }

// Err returns why the stream is over: nil if it is really finished, or if it is
// not over yet.
func (s *Stream[E]) Err() error {
	if s.err == io.EOF { // only itself: a failure may wrap another io.EOF
		return nil
	}
	return s.err
}

// LastEventID returns the id of the last event that was delivered, from which a
// new stream goes on. Before the first event, it is the position that the server has told
// for the start of the stream, or the one that was asked for. It is empty if there is none.
func (s *Stream[E]) LastEventID() string { return s.feed.lastID }

// Reconnect drops the connection and opens another at once. A stream that cannot be
// resumed ends with ErrNotResumable. It may be called from any goroutine.
func (s *Stream[E]) Reconnect() { s.feed.source.Reconnect() }

// Close ends the stream and frees its connection. A Next that is under way
// returns false, and Err returns ErrClosed unless the stream was over before. It
// may be called more than once and from any goroutine, and returns no error.
func (s *Stream[E]) Close() error { return s.feed.source.Close() }

// All yields the events that are still to come, and at the end the error, if
// there is one, beside a zero Event. Breaking out of the loop does not close the
// stream: another All, or Next, goes on behind the last event. An error is
// yielded once.
func (s *Stream[E]) All() iter.Seq2[Event[E], error] {
	return func(yield func(Event[E], error) bool) {
		for s.Next() {
			if !yield(s.event, nil) {
				return
			}
		}
		if err := s.Err(); err != nil && !s.reported {
			s.reported = true
			yield(Event[E]{}, err)
		}
	}
}

// read reads the next event into s.event, or s.err.
func (s *Stream[E]) read() bool {
	f := s.feed
	if s.last && s.err == nil {
		f.source.Close()
		s.err = io.EOF
	}
	if s.err != nil {
		return false
	}
	if s.err = f.read(); s.err == nil {
		var unknown error
		s.event.Data, unknown = s.decode()
		if unknown != nil && f.cfg.strict {
			f.source.Close()
			s.err = refused(f.name, unknown)
		}
	}
	if s.err != nil {
		s.event, f.raw = Event[E]{}, nil
		return false
	}
	s.event.ID, s.event.Name = f.id, f.name
	s.event.Retry, s.event.HasRetry = f.source.event.Retry, f.source.event.HasRetry
	s.last = f.last
	for _, is := range s.ends {
		s.last = is(&s.event) || s.last
	}
	return true
}

// decode makes typed data of the event. The error says why it is an UnknownEvent.
func (s *Stream[E]) decode() (E, error) {
	f := s.feed
	if f.tooLarge != nil {
		return s.events.Unknown(contract.Unknown{Name: f.name, Err: f.tooLarge}), f.tooLarge
	}
	data, err := s.events.Decode(f.name, f.data, s.unmarshal)
	switch {
	case err == nil:
		return data, nil
	case err == contract.ErrUnknownEvent:
		return s.events.Unknown(contract.Unknown{Name: f.name, Data: bytes.Clone(f.data)}), err
	}
	return s.events.Unknown(contract.Unknown{Name: f.name, Data: bytes.Clone(f.data), Err: err}), err
}

// refused returns the error that ends a strict stream at an event.
func refused(name string, err error) error {
	switch {
	case err == contract.ErrUnknownEvent:
		return fmt.Errorf("%w %s", ErrUnknownEvent, excerpt.Quote(name))
	case errors.As(err, new(*contract.InvalidEventError)): // which has the name as well
		return fmt.Errorf("%w %w", ErrUnknownEvent, err)
	}
	return fmt.Errorf("%w %s: %w", ErrUnknownEvent, excerpt.Quote(name), excerpt.Error(err))
}
