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

// ErrInvalidSessionID says that a session id is empty, longer than [Limits.SessionIDLength], or
// not of the type of the operation's session parameter. An id with a control character or
// invalid UTF-8 is invalid too.
var ErrInvalidSessionID = errors.New("invalid session id")

// session returns the canonical form of the id that the application gives a session, or an
// ErrInvalidSessionID.
func (s *engine) session(id string) (string, error) {
	canonical, err := s.op.canonical(id)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrInvalidSessionID, err)
	}
	return canonical, s.checkSessionID(canonical)
}

// checkSessionID refuses an id that is not safe to compare, log or keep.
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

// namespaceEnd stands between a namespace and a session in the log. No session id has a control
// character. So a session without a namespace cannot have the name of one with a namespace.
const namespaceEnd = "\x1f"

// key returns the name of a session in the log.
func (s *engine) key(session string) string {
	if s.cfg.namespace == "" {
		return session
	}
	return s.cfg.namespace + namespaceEnd + session
}

// logged returns the session, with its scope, by the names that the log has for them.
func (s *engine) logged(session string) eventlog.Session {
	scope := s.cfg.scope(session)
	if scope != "" {
		scope = s.key(scope)
	}
	return eventlog.Session{ID: s.key(session), Scope: scope}
}

// Readers returns the number of open streams of the session.
func (s *engine) Readers(sessionID string) int {
	session, err := s.op.canonical(sessionID)
	if err != nil {
		return 0
	}
	return s.readers.count(session)
}

// CreateSession makes a session known, and returns the position of its beginning. The contract
// may have an event for that, such as session_created. Then every stream of the session's scope
// ([WithScope]) gets it, with the title. Otherwise no stream shows anything.
//
// CreateSession fails with eventlog.ErrSessionExists if the session is known, also if an event
// has made it known. In the grace period after the session's end ([Timing.DeleteGrace]) it fails
// with eventlog.ErrSessionDeleted. Other errors are [ErrInvalidSessionID], and [ErrEventTooLarge]
// for a title over the size limit.
func (s *engine) CreateSession(ctx context.Context, sessionID, title string) (id string, err error) {
	ctx, p := s.beginPublication(ctx, sessionID)
	defer func() { p.end(ctx, id, err) }()
	session, err := s.session(sessionID)
	if err != nil {
		return "", fmt.Errorf("server: create session: %w", err)
	}
	e := newEntry(s.op.words.Created, contract.ControlValues{Session: session, Title: title, Time: time.Now()})
	p.event(s.op.words.Own.Created.Name, len(e.Data))
	if err := s.checkSize(e.Data); err != nil {
		return "", fmt.Errorf("server: create session: %w", err)
	}
	if err := s.log.Create(ctx, s.logged(session), &e); err != nil {
		return "", fmt.Errorf("server: create session: %w", err)
	}
	return formatID(e.ID), nil
}

// DeleteSession ends a session, and returns the position of its end. The session's own streams
// end there. The contract may have an event for that, such as session_deleted. Then it is their
// last event, and every other stream of the scope gets it too. Otherwise they end without a word.
// The publication of an event that the End of the operation names also ends its session.
//
// The session stays readable for a grace period ([Timing.DeleteGrace]). The server answers 204
// to a client that comes back behind the end. After the grace period the session is unknown.
//
// DeleteSession fails with eventlog.ErrSessionNotFound, eventlog.ErrSessionDeleted or
// [ErrInvalidSessionID].
func (s *engine) DeleteSession(ctx context.Context, sessionID string) (id string, err error) {
	ctx, p := s.beginPublication(ctx, sessionID)
	defer func() { p.end(ctx, id, err) }()
	session, err := s.session(sessionID)
	if err != nil {
		return "", fmt.Errorf("server: delete session: %w", err)
	}
	e := newEntry(s.op.words.Deleted, contract.ControlValues{Session: session, Time: time.Now()})
	p.event(s.op.words.Own.Deleted.Name, len(e.Data))
	if err := s.log.Delete(ctx, s.key(session), &e, s.cfg.deleteGrace); err != nil {
		return "", fmt.Errorf("server: delete session: %w", err)
	}
	return formatID(e.ID), nil
}

func newEntry(e contract.ControlEvent, v contract.ControlValues) eventlog.Entry {
	return eventlog.Entry{Name: e.Name, Data: e.Data(v)}
}
