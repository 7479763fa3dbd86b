package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/eventlog"
)

// publishJSON implements [Server.PublishJSON].
func (s *engine) publishJSON(ctx context.Context, session, name string, data []byte) (id string, err error) {
	ctx, p := s.beginPublication(ctx, session)
	defer func() { p.end(ctx, id, err) }()
	p.event(s.known(name), len(data))
	compact, err := s.publishableJSON(name, data, s.cfg.checkEvents)
	if err != nil {
		return "", err
	}
	p.event(name, len(compact))
	return s.append(ctx, session, name, compact)
}

// known returns the name of an event, or an empty string if the spec does not have it.
func (s *engine) known(name string) string {
	if s.op.has(name) {
		return name
	}
	return ""
}

// publishableJSON returns the JSON of an event without white space, if it may be published.
func (s *engine) publishableJSON(name string, data []byte, check bool) ([]byte, error) {
	if err := s.op.decodes(name, data); err != nil {
		return nil, &PublishError{Event: name, Err: whyUnknown(err)}
	}
	if err := s.mayPublish(name, data); err != nil {
		return nil, err
	}
	if check || string(bytes.TrimSpace(data)) == "null" { // which every Go type takes
		if err := s.op.fits(name, data); err != nil {
			return nil, &PublishError{Event: name, Err: err}
		}
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, data); err != nil {
		return nil, &PublishError{Event: name, Err: err}
	}
	if !utf8.Valid(data) {
		return nil, &PublishError{Event: name, Err: &contract.InvalidEventError{Event: name, Reason: "must be valid UTF-8"}}
	}
	return compact.Bytes(), nil
}

// mayPublish refuses what only the server may say, what a stream cannot carry, and data that
// has the name of another event.
func (s *engine) mayPublish(name string, data []byte) error {
	if s.op.words.Reserves(name, data) {
		return &PublishError{Event: name, Err: ErrReservedEvent}
	}
	if s.op.words.IsText(name) {
		var text string
		if json.Unmarshal(data, &text) == nil && strings.ContainsRune(text, '\r') {
			return &PublishError{Event: name, Err: &contract.InvalidEventError{Event: name, Reason: "must have no carriage return: a stream would change it"}}
		}
	}
	if s.op.nameIn != "" && s.op.nameOf("", data) != name {
		pointer := "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(s.op.nameIn)
		return &PublishError{Event: name, Err: &contract.InvalidEventError{Event: name, Path: pointer, Reason: "must be the name of the event"}}
	}
	return nil
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
	session, err := s.session(sessionID)
	if err != nil {
		return "", &PublishError{Event: name, Err: err}
	}
	if err := s.checkData(name, data); err != nil {
		return "", &PublishError{Event: name, Err: err}
	}
	entries := []eventlog.Entry{{Name: name, Data: data}}
	switch err := s.write(ctx, s.logged(session), session, nil, entries); {
	case errors.Is(err, eventlog.ErrEntryTooLarge):
		return "", &PublishError{Event: name, Err: fmt.Errorf("%w: %w", ErrEventTooLarge, err)}
	case err != nil:
		return "", fmt.Errorf("server: publish: %w", err)
	}
	return formatID(entries[0].ID), nil
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

// checkData refuses data, as the log would have it, that is too large or is the sentinel.
func (s *engine) checkData(name string, data []byte) error {
	if s.isSentinel(name, data) {
		return &contract.InvalidEventError{Event: name, Reason: "must not be the sentinel: readers would take the event for the end of the stream"}
	}
	return s.checkSize(data)
}

// isSentinel reports whether readers would take the data of an event for the sentinel.
func (s *engine) isSentinel(name string, data []byte) bool {
	if s.op.end.Data == "" {
		return false
	}
	return string(s.op.words.Shown(name, data)) == s.op.end.Data
}

func (s *engine) checkSize(data []byte) error {
	if len(data) > s.cfg.maxEventSize {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrEventTooLarge, len(data), s.cfg.maxEventSize)
	}
	return nil
}
