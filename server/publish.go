package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/gen"
)

// replayGap is the type of the error event that tells a gap.
const replayGap = "replay_gap"

// Publish appends an event to a session, which becomes known by it if it was
// not, and returns the event's id once it is in the log. It never waits for
// readers. The event is marshalled before Publish returns, and is not kept.
//
// It fails with a *PublishError, eventlog.ErrSessionDeleted, or an error of the
// log or the context. The event may be in the log only if that is
// eventlog.ErrOutcomeUnknown.
func (s *Server) Publish(ctx context.Context, sessionID string, event gen.Event) (id string, err error) {
	ctx, pub := s.begin(ctx, sessionID)
	defer func() { pub.end(ctx, id, err) }()
	if event == nil {
		return "", &PublishError{Err: ErrNilEvent}
	}
	// A type that embeds an event is one as well, and could say anything.
	if !generated[reflect.TypeOf(event)] {
		return "", &PublishError{Err: fmt.Errorf("%w: %T is not a generated type", ErrUnknownEvent, event)}
	}
	if reflect.ValueOf(event).IsNil() {
		return "", &PublishError{Err: ErrNilEvent}
	}
	pub.event(event, 0)
	if err := publishable(event); err != nil {
		return "", err
	}
	data, err := gen.EncodeEvent(event)
	if err != nil {
		return "", &PublishError{Event: event.EventName(), Err: err}
	}
	pub.event(event, len(data))
	return s.append(ctx, sessionID, event.EventName(), data)
}

// generated has the pointer types that are events.
var generated = func() map[reflect.Type]bool {
	types := map[reflect.Type]bool{reflect.TypeFor[*gen.UnknownEvent](): true}
	for _, name := range gen.EventNames() {
		types[reflect.TypeOf(gen.DecodeEvent(string(name), []byte("{}")))] = true
	}
	return types
}()

// PublishJSON is Publish for an event that comes as JSON. The data must be an
// object that unmarshals into the Go type of the event's data; it is published
// as it is, unknown fields included, but without white space.
func (s *Server) PublishJSON(ctx context.Context, sessionID string, name gen.EventName, data []byte) (id string, err error) {
	ctx, pub := s.begin(ctx, sessionID)
	defer func() { pub.end(ctx, id, err) }()
	event := gen.DecodeEvent(string(name), data)
	pub.event(event, len(data))
	compact, err := publishableJSON(event, data)
	if err != nil {
		return "", err
	}
	pub.event(event, len(compact))
	return s.append(ctx, sessionID, name, compact)
}

// publishableJSON is publishable for an event that was decoded from data, which it
// returns without white space.
func publishableJSON(event gen.Event, data []byte) ([]byte, error) {
	if err := publishable(event); err != nil {
		return nil, err
	}
	name := event.EventName()
	var compact bytes.Buffer
	if err := json.Compact(&compact, data); err != nil {
		return nil, &PublishError{Event: name, Err: err}
	}
	switch {
	case compact.Bytes()[0] != '{':
		return nil, &PublishError{Event: name, Err: &gen.InvalidEventError{Event: string(name), Reason: "must be an object"}}
	case !utf8.Valid(data):
		return nil, &PublishError{Event: name, Err: &gen.InvalidEventError{Event: string(name), Reason: "must be valid UTF-8"}}
	case name == gen.EventNameError && saysGap(data):
		return nil, &PublishError{Event: name, Err: ErrReservedEvent}
	}
	return compact.Bytes(), nil
}

// publishable tells whether an application may publish the event.
func publishable(event gen.Event) error {
	switch e := event.(type) {
	case *gen.UnknownEvent:
		err := ErrUnknownEvent
		switch {
		case errors.As(e.Err, new(*gen.InvalidEventError)):
			err = e.Err
		case e.Err != nil:
			err = fmt.Errorf("%w: %w", ErrUnknownEvent, e.Err)
		}
		return &PublishError{Event: e.EventName(), Err: err}
	case *gen.ConnectedData, *gen.HeartbeatData, *gen.SessionCreatedData, *gen.SessionDeletedData:
		return &PublishError{Event: event.EventName(), Err: ErrReservedEvent}
	case *gen.ErrorData:
		if e.Type != nil && *e.Type == replayGap {
			return &PublishError{Event: event.EventName(), Err: ErrReservedEvent}
		}
	}
	return nil
}

// saysGap tells whether an object has the type of a gap event to a reader that,
// unlike encoding/json for a struct, knows one spelling of "type" only.
func saysGap(data []byte) bool {
	var fields map[string]any
	return json.Unmarshal(data, &fields) == nil && fields["type"] == replayGap
}

// append puts one event into the log.
func (s *Server) append(ctx context.Context, sessionID string, name gen.EventName, data []byte) (string, error) {
	if err := s.checkSessionID(sessionID); err != nil {
		return "", &PublishError{Event: name, Err: err}
	}
	if err := s.checkSize(data); err != nil {
		return "", &PublishError{Event: name, Err: err}
	}
	entries := []eventlog.Entry{{Name: string(name), Data: data}}
	switch err := s.log.Append(ctx, s.session(sessionID), nil, entries); {
	case errors.Is(err, eventlog.ErrEntryTooLarge):
		return "", &PublishError{Event: name, Err: fmt.Errorf("%w: %w", ErrEventTooLarge, err)}
	case err != nil:
		return "", fmt.Errorf("server: publish: %w", err)
	}
	return formatID(entries[0].ID), nil
}

func (s *Server) checkSize(data []byte) error {
	if len(data) > s.cfg.maxEventSize {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrEventTooLarge, len(data), s.cfg.maxEventSize)
	}
	return nil
}

// CreateSession makes a session known and tells every stream of its scope by a
// session_created event, whose id it returns. It fails with
// eventlog.ErrSessionExists if the session is known, also by an event published
// to it, with eventlog.ErrSessionDeleted in the grace period after its deletion,
// with ErrInvalidSessionID, and with ErrEventTooLarge for a title over the size
// limit.
func (s *Server) CreateSession(ctx context.Context, sessionID, title string) (id string, err error) {
	ctx, pub := s.begin(ctx, sessionID)
	defer func() { pub.end(ctx, id, err) }()
	if err := s.checkSessionID(sessionID); err != nil {
		return "", fmt.Errorf("server: create session: %w", err)
	}
	event := &gen.SessionCreatedData{
		Type:      string(gen.EventNameSessionCreated),
		SessionID: sessionID,
		Title:     title,
		CreatedAt: time.Now().UnixMilli(),
	}
	e, err := newEntry(event)
	pub.event(event, len(e.Data))
	if err == nil {
		err = s.checkSize(e.Data)
	}
	if err != nil {
		return "", fmt.Errorf("server: create session: %w", err)
	}
	if err := s.log.Create(ctx, s.session(sessionID), &e); err != nil {
		return "", fmt.Errorf("server: create session: %w", err)
	}
	return formatID(e.ID), nil
}

// DeleteSession ends a session and tells every stream of its scope by a
// session_deleted event, whose id it returns. It is the last event of the
// session's own streams. The session stays readable for the grace period; after
// it, it is unknown. It fails with eventlog.ErrSessionNotFound or
// eventlog.ErrSessionDeleted.
func (s *Server) DeleteSession(ctx context.Context, sessionID string) (id string, err error) {
	ctx, pub := s.begin(ctx, sessionID)
	defer func() { pub.end(ctx, id, err) }()
	event := &gen.SessionDeletedData{Type: string(gen.EventNameSessionDeleted), SessionID: sessionID}
	e, err := newEntry(event)
	pub.event(event, len(e.Data))
	if err != nil {
		return "", fmt.Errorf("server: delete session: %w", err)
	}
	if err := s.log.Delete(ctx, sessionID, &e, s.cfg.deleteGrace); err != nil {
		return "", fmt.Errorf("server: delete session: %w", err)
	}
	return formatID(e.ID), nil
}

func newEntry(event gen.Event) (eventlog.Entry, error) {
	data, err := json.Marshal(event)
	return eventlog.Entry{Name: string(event.EventName()), Data: data}, err
}

// session returns the session with its scope.
func (s *Server) session(id string) eventlog.Session {
	return eventlog.Session{ID: id, Scope: s.cfg.scope(id)}
}

// checkSessionID refuses what could not be told apart or written down safely.
func (s *Server) checkSessionID(id string) error {
	switch {
	case id == "":
		return fmt.Errorf("%w: it is empty", ErrInvalidSessionID)
	case len(id) > s.cfg.maxSessionIDLength:
		return fmt.Errorf("%w: %d bytes, at most %d", ErrInvalidSessionID, len(id), s.cfg.maxSessionIDLength)
	case !utf8.ValidString(id):
		return fmt.Errorf("%w: not valid UTF-8", ErrInvalidSessionID)
	}
	for _, r := range id {
		if unicode.IsControl(r) {
			return fmt.Errorf("%w: it has a control character", ErrInvalidSessionID)
		}
	}
	return nil
}

func formatID(id uint64) string { return strconv.FormatUint(id, 10) }
