package server

import (
	"context"
	"errors"
	"fmt"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/eventlog"
)

// encoder is the Encode of an operation.
type encoder[E any] func(event E) (name string, data []byte, err error)

// publish implements [Server.Publish].
func publish[E any](ctx context.Context, s *engine, events *contract.Events[E], encode encoder[E], session string, event E) (id string, err error) {
	var p publication
	ctx = p.begin(ctx, s, session)
	defer func() { p.end(ctx, id, err) }()
	name, data, err := encodeEvent(&p, s, events, encode, event)
	if err != nil {
		return "", err
	}
	return s.append(ctx, session, name, data)
}

// encodeEvent returns the name and the data of an event, if it may be published. It notes them for
// the observer.
func encodeEvent[E any](p *publication, s *engine, events *contract.Events[E], encode encoder[E], event E) (name string, data []byte, err error) {
	name, data, err = encode(event)
	switch {
	case errors.Is(err, contract.ErrNilEvent):
		return "", nil, &PublishError{Err: contract.ErrNilEvent}
	case errors.Is(err, contract.ErrUnknownEvent):
		if u := events.AsUnknown(event); u != nil {
			return "", nil, &PublishError{Event: u.Name, Err: whyUnknown(u.Err)}
		}
		return "", nil, &PublishError{Err: fmt.Errorf("%w: %T is not a generated type", contract.ErrUnknownEvent, event)}
	}
	p.event(name, len(data))
	if err != nil {
		return "", nil, &PublishError{Event: name, Err: err}
	}
	return name, data, s.check(name, data, false)
}

// publishJSON implements [Server.PublishJSON].
func (s *engine) publishJSON(ctx context.Context, session, name string, data []byte) (id string, err error) {
	var p publication
	ctx = p.begin(ctx, s, session)
	defer func() { p.end(ctx, id, err) }()
	data, err = s.compactJSON(&p, name, data)
	if err != nil {
		return "", err
	}
	return s.append(ctx, session, name, data)
}

// compactJSON returns the data of an event without white space, if the event may be published. It
// notes it for the observer.
func (s *engine) compactJSON(p *publication, name string, data []byte) ([]byte, error) {
	if p.observer != nil {
		p.event(s.known(name), len(data))
	}
	if err := s.check(name, data, false); err != nil {
		return nil, err
	}
	data = compact(data)
	p.event(name, len(data))
	return data, nil
}

// known returns the name of an event, or an empty string if the spec does not have it.
func (s *engine) known(name string) string {
	if s.op.has(name) {
		return name
	}
	return ""
}

// whyUnknown returns why an event is unknown, whose decoding failed with err.
func whyUnknown(err error) error {
	switch {
	case err == nil, errors.Is(err, contract.ErrUnknownEvent):
		return contract.ErrUnknownEvent
	case errors.As(err, new(*contract.InvalidEventError)):
		return err
	}
	return fmt.Errorf("%w: %w", contract.ErrUnknownEvent, err)
}

// append puts one event into the log.
func (s *engine) append(ctx context.Context, sessionID, name string, data []byte) (string, error) {
	session, err := s.accept(sessionID, name, data)
	if err != nil {
		return "", err
	}
	entries := []eventlog.Entry{{Name: name, Data: data}}
	if err := s.write(ctx, s.logged(session), session, nil, entries); err != nil {
		return "", notWritten(name, err)
	}
	return formatID(entries[0].ID), nil
}

// accept returns the canonical form of the session of a publication, or a *PublishError if the
// session or the size of the data, as the log would have it, does not pass.
func (s *engine) accept(sessionID, name string, data []byte) (session string, err error) {
	if session, err = s.session(sessionID); err == nil {
		err = s.checkData(name, data)
	}
	if err != nil {
		return "", &PublishError{Event: name, Err: err}
	}
	return session, nil
}

// notWritten returns the error of a publication whose write to the log failed with err.
func notWritten(name string, err error) error {
	if errors.Is(err, eventlog.ErrEntryTooLarge) {
		return &PublishError{Event: name, Err: fmt.Errorf("%w: %w", ErrEventTooLarge, err)}
	}
	return fmt.Errorf("server: publish: %w", err)
}

// write appends entries to a session, as Append of the log does. An event that ends the session
// (contract.End.Events) must come alone: see together.
func (s *engine) write(ctx context.Context, session eventlog.Session, id string, key *eventlog.Key, entries []eventlog.Entry) error {
	var err error
	if len(entries) == 1 && s.op.end.After(entries[0].Name) {
		err = s.writeEnd(ctx, session, id, key, &entries[0])
	} else {
		err = s.log.Append(ctx, session, key, entries)
	}
	return s.repeated(ctx, session, key, err)
}
