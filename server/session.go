package server

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/eventlog"
)

// ErrInvalidSessionID says that a session id is empty, too long, not of the type of the
// operation's session parameter, or has characters that it may not have: control characters
// and invalid UTF-8.
var ErrInvalidSessionID = errors.New("invalid session id")

// session returns the canonical form of a session that the application names, or an
// ErrInvalidSessionID.
func (s *engine) session(id string) (string, error) {
	canonical, err := s.op.canonical(id)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrInvalidSessionID, err)
	}
	return canonical, s.checkSessionID(canonical)
}

// checkSessionID refuses what could not be told apart or written down safely.
func (s *engine) checkSessionID(id string) error {
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

// namespaceEnd stands between a namespace and a session in the log. No session id has a
// control character, so the sessions of a server without a namespace cannot be taken for those
// of another.
const namespaceEnd = "\x1f"

// key returns the name of a session in the log.
func (s *engine) key(session string) string {
	if s.cfg.namespace == "" {
		return session
	}
	return s.cfg.namespace + namespaceEnd + session
}

// logged returns a session as the log knows it, with its scope.
func (s *engine) logged(session string) eventlog.Session {
	scope := s.cfg.scope(session)
	if scope != "" {
		scope = s.key(scope)
	}
	return eventlog.Session{ID: s.key(session), Scope: scope}
}

// Readers returns how many streams of the session are open.
func (s *engine) Readers(sessionID string) int {
	session, err := s.op.canonical(sessionID)
	if err != nil {
		return 0
	}
	return s.readers.count(session)
}

// CreateSession makes a session known, and returns the position of its beginning. If the
// contract has an event for that, such as session_created, every stream of the session's scope
// (see [WithScope]) gets it, with the title; otherwise no stream shows anything. It fails with
// eventlog.ErrSessionExists if the session is known, also by an event published to it, with
// eventlog.ErrSessionDeleted in the grace period after its deletion, with ErrInvalidSessionID,
// and with ErrEventTooLarge for a title over the size limit.
func (s *engine) CreateSession(ctx context.Context, sessionID, title string) (id string, err error) {
	ctx, pub := s.begin(ctx, sessionID)
	defer func() { pub.end(ctx, id, err) }()
	session, err := s.session(sessionID)
	if err != nil {
		return "", fmt.Errorf("server: create session: %w", err)
	}
	e := newEntry(s.op.voice.created, contract.ControlValues{Session: session, Title: title, Time: time.Now()})
	pub.event(s.op.voice.control.Created.Name, len(e.Data))
	if err := s.checkSize(e.Data); err != nil {
		return "", fmt.Errorf("server: create session: %w", err)
	}
	if err := s.log.Create(ctx, s.logged(session), &e); err != nil {
		return "", fmt.Errorf("server: create session: %w", err)
	}
	return formatID(e.ID), nil
}

// DeleteSession ends a session, and returns the position of its end. An event that the End of
// the operation names ends its session as well. The session's own streams end there. If the
// contract has an event for that, such as session_deleted, it is their last one, and every
// other stream of the scope gets it as well; otherwise they end without a word. A client that
// comes back behind the end is answered with 204. The session stays readable for the grace
// period ([WithDeleteGrace]); after it, it is unknown. DeleteSession fails with
// eventlog.ErrSessionNotFound, eventlog.ErrSessionDeleted or ErrInvalidSessionID.
func (s *engine) DeleteSession(ctx context.Context, sessionID string) (id string, err error) {
	ctx, pub := s.begin(ctx, sessionID)
	defer func() { pub.end(ctx, id, err) }()
	session, err := s.session(sessionID)
	if err != nil {
		return "", fmt.Errorf("server: delete session: %w", err)
	}
	e := newEntry(s.op.voice.deleted, contract.ControlValues{Session: session, Time: time.Now()})
	pub.event(s.op.voice.control.Deleted.Name, len(e.Data))
	if err := s.log.Delete(ctx, s.key(session), &e, s.cfg.deleteGrace); err != nil {
		return "", fmt.Errorf("server: delete session: %w", err)
	}
	return formatID(e.ID), nil
}

func newEntry(e contract.ControlEvent, v contract.ControlValues) eventlog.Entry {
	return eventlog.Entry{Name: e.Name, Data: e.Data(v)}
}
