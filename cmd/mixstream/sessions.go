package main

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/mixstream/mixstream/eventlog"
)

// maxSessions is how many sessions the inspector lists.
const maxSessions = 100

// sessions is a log that remembers the sessions of the latest appends, so that a person can
// choose one.
type sessions struct {
	eventlog.Log

	mu     sync.Mutex
	latest []string // the latest last
}

// Writable implements eventlog.Writable.
func (s *sessions) Writable(ctx context.Context) error {
	if log, ok := s.Log.(eventlog.Writable); ok {
		return log.Writable(ctx)
	}
	return nil
}

// Create implements eventlog.Log.
func (s *sessions) Create(ctx context.Context, session eventlog.Session, e *eventlog.Entry) error {
	err := s.Log.Create(ctx, session, e)
	if err == nil {
		s.note(session.ID)
	}
	return err
}

// Append implements eventlog.Log.
func (s *sessions) Append(ctx context.Context, session eventlog.Session, key *eventlog.Key, entries []eventlog.Entry) error {
	err := s.Log.Append(ctx, session, key, entries)
	if err == nil {
		s.note(session.ID)
	}
	return err
}

// Delete implements eventlog.Log.
func (s *sessions) Delete(ctx context.Context, session string, e *eventlog.Entry, grace time.Duration) error {
	err := s.Log.Delete(ctx, session, e, grace)
	if err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.latest = slices.DeleteFunc(s.latest, func(other string) bool { return other == session })
	}
	return err
}

func (s *sessions) note(session string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.latest); n > 0 && s.latest[n-1] == session {
		return
	}
	s.latest = slices.DeleteFunc(s.latest, func(other string) bool { return other == session })
	if len(s.latest) == maxSessions {
		s.latest = slices.Delete(s.latest, 0, 1)
	}
	s.latest = append(s.latest, session)
}

// list returns the sessions that a request may read, the latest first.
func (s *sessions) list(may func(r *http.Request, session string) error) func(*http.Request) []string {
	return func(r *http.Request) []string {
		s.mu.Lock()
		latest := slices.Clone(s.latest)
		s.mu.Unlock()
		slices.Reverse(latest)
		return slices.DeleteFunc(latest, func(session string) bool { return may(r, session) != nil })
	}
}
