package server

import (
	"errors"
	"fmt"
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

// checkSessionParameter refuses what cannot be a session, and names the parameter.
func (s *engine) checkSessionParameter(session string) error {
	err := s.checkSessionID(session)
	if err == nil || s.op.session.In == "" {
		return err
	}
	return &parameterError{s.op.session, err}
}

// parameterError says what is wrong with a parameter.
type parameterError struct {
	param contract.Param
	err   error
}

func (e *parameterError) Error() string {
	return e.param.In + " parameter " + e.param.Name + ": " + e.err.Error()
}

func (e *parameterError) Unwrap() error { return e.err }

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
