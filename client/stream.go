package client

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/internal/excerpt"
)

// Stream is a typed, reconnecting stream of events.
//
// One goroutine at a time may use a Stream. Any goroutine may call Close and Reconnect.
type Stream[E any] struct {
	raw       *rawStream
	events    *contract.Events[E]
	unmarshal func(data []byte, v any) error // nil: the generated decoders
	ends      []func(*Event[E]) bool         // the functions of Until

	event   Event[E]
	ahead   bool  // event was read, but Next has not delivered it yet
	last    bool  // event is the last one
	err     error // why the stream is over; io.EOF after a clean end
	yielded bool  // All has yielded err
}

// newStream returns the typed stream over raw. It fails if an Until is for other events.
func newStream[E any](raw *rawStream, events *contract.Events[E]) (*Stream[E], error) {
	s := &Stream[E]{raw: raw, events: events, unmarshal: raw.cfg.unmarshal}
	var err error
	s.ends, err = ends[E](&raw.cfg)
	return s, err
}

// open connects, and reads the first event if that tells the position.
func (s *Stream[E]) open() (*Stream[E], error) {
	r := s.raw
	r.lastID = r.source.LastEventID()
	if r.op.tellsPosition() {
		s.ahead = s.read()
	} else {
		s.err = r.source.connectNow()
	}
	if err := s.Err(); err != nil {
		r.source.Close()
		return nil, err
	}
	if !s.ahead || r.kind == connected { // connected is no event that could be skipped
		r.lastID = r.source.LastEventID()
	}
	return s, nil
}

// Next reads the next event and reports whether there is one, which Event then returns. It
// waits and reconnects until there is one. After Next has returned false, it returns false
// again, and Err tells why.
func (s *Stream[E]) Next() bool {
	if s.ahead {
		s.ahead = false
		if s.err = s.raw.source.done(); s.err != nil {
			s.event, s.raw.raw = Event[E]{}, nil
			return false
		}
	} else if !s.read() {
		return false
	}
	s.raw.lastID = s.event.ID
	return true
}

// Event returns the event that the last Next has read.
func (s *Stream[E]) Event() Event[E] { return s.event }

// Raw returns the data of the current event as it came. It is JSON unless the spec says
// otherwise, and nil if the event was over the size limit. The bytes are valid until the next
// call of Next, unlike Event, which the caller may keep.
func (s *Stream[E]) Raw() []byte { return s.raw.raw }

// Err returns why the stream is over; nil if it has come to its end, or is not over yet.
func (s *Stream[E]) Err() error {
	if s.err == io.EOF { // not errors.Is: a failure may wrap another io.EOF
		return nil
	}
	return s.err
}

// LastEventID returns the id of the last event that Next delivered, from which a new stream
// goes on. Before the first event, it returns the position that the server has told for the
// start of the stream, or the one that was asked for; empty if there is none.
func (s *Stream[E]) LastEventID() string { return s.raw.lastID }

// Reconnect drops the connection and opens another at once. A stream that cannot be resumed
// ends with ErrNotResumable. Any goroutine may call Reconnect.
func (s *Stream[E]) Reconnect() { s.raw.source.Reconnect() }

// Close ends the stream and frees its connection. A Next that is under way returns false,
// and Err returns ErrClosed, unless the stream was over before. Any goroutine may call
// Close, more than once. It returns no error.
func (s *Stream[E]) Close() error { return s.raw.source.Close() }

// All yields the events that are still to come. At the end it yields the error, if there is
// one, with a zero Event, and does so once. Breaking out of the loop does not close the
// stream: another All, or Next, goes on after the last event.
func (s *Stream[E]) All() iter.Seq2[Event[E], error] {
	return func(yield func(Event[E], error) bool) {
		for s.Next() {
			if !yield(s.event, nil) {
				return
			}
		}
		if err := s.Err(); err != nil && !s.yielded {
			s.yielded = true
			yield(Event[E]{}, err)
		}
	}
}

// read reads the next event into s.event, or its error into s.err.
func (s *Stream[E]) read() bool {
	r := s.raw
	if s.last && s.err == nil {
		r.source.Close()
		s.err = io.EOF
	}
	if s.err != nil {
		return false
	}
	if s.err = r.read(); s.err == nil {
		var unknown error
		s.event.Data, unknown = s.decode()
		if unknown != nil && r.cfg.strict {
			r.source.Close()
			s.err = strictError(r.name, unknown)
		}
	}
	if s.err != nil {
		s.event, r.raw = Event[E]{}, nil
		return false
	}
	s.event.ID, s.event.Name = r.id, r.name
	s.event.Retry, s.event.HasRetry = r.source.event.Retry, r.source.event.HasRetry
	s.last = r.last
	for _, is := range s.ends {
		s.last = is(&s.event) || s.last
	}
	return true
}

// decode returns the typed data of the event. The error says why it is an UnknownEvent.
func (s *Stream[E]) decode() (E, error) {
	r := s.raw
	if r.tooLarge != nil {
		return s.events.Unknown(contract.Unknown{Name: r.name, Err: r.tooLarge}), r.tooLarge
	}
	data, err := s.events.Decode(r.name, r.data, s.unmarshal)
	switch {
	case err == nil:
		return data, nil
	case err == contract.ErrUnknownEvent:
		return s.events.Unknown(contract.Unknown{Name: r.name, Data: bytes.Clone(r.data)}), err
	}
	return s.events.Unknown(contract.Unknown{Name: r.name, Data: bytes.Clone(r.data), Err: err}), err
}

// strictError returns the error that ends a strict stream at an event.
func strictError(name string, err error) error {
	switch {
	case err == contract.ErrUnknownEvent:
		return fmt.Errorf("%w %s", ErrUnknownEvent, excerpt.Quote(name))
	case errors.As(err, new(*contract.InvalidEventError)): // its text has the name
		return fmt.Errorf("%w %w", ErrUnknownEvent, err)
	}
	return fmt.Errorf("%w %s: %w", ErrUnknownEvent, excerpt.Quote(name), excerpt.Error(err))
}
