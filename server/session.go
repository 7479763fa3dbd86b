package server

import (
	"cmp"
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/contract/eventjson"
	"github.com/mixstream/mixstream/eventlog"
)

// countReaders implements [Server.Readers].
func (s *engine) countReaders(sessionID string) int {
	session, err := s.op.canonical(sessionID)
	if err != nil {
		return 0
	}
	return s.readers.count(session)
}

// createSession implements [Server.CreateSession].
func (s *engine) createSession(ctx context.Context, sessionID, title string) (id string, err error) {
	var p publication
	ctx = p.begin(ctx, s, sessionID)
	defer func() { p.end(ctx, id, err) }()
	session, err := s.session(sessionID)
	if err != nil {
		return "", fmt.Errorf("server: create session: %w", err)
	}
	e := newEntry(s.op.words.Created, contract.ControlValues{Session: session, Title: title, Time: time.Now()})
	p.event(s.op.words.Own.Created.Name, len(e.Data))
	if err := cmp.Or(s.checkSize(e.Data), s.checkTitle(e, title)); err != nil {
		return "", fmt.Errorf("server: create session: %w", err)
	}
	if err := s.log.Create(ctx, s.logged(session), &e); err != nil {
		return "", fmt.Errorf("server: create session: %w", err)
	}
	return formatID(e.ID), nil
}

// checkTitle refuses a title that the contract's event for a new session cannot have.
func (s *engine) checkTitle(e eventlog.Entry, title string) error {
	created := s.op.words.Own.Created
	switch {
	case created.Name == "":
		return nil
	case created.Title != "" && !utf8.ValidString(title):
		return &contract.InvalidEventError{Event: e.Name, Path: eventjson.PointerTo(created.Title), Reason: "must be valid UTF-8"}
	}
	if rules := s.op.rules(e.Name); rules != nil {
		return s.checkRules(rules, e.Name, e.Data)
	}
	return nil
}

// deleteSession implements [Server.DeleteSession].
func (s *engine) deleteSession(ctx context.Context, sessionID string) (id string, err error) {
	var p publication
	ctx = p.begin(ctx, s, sessionID)
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
