package server

import (
	"context"
	"log/slog"
	"net/http"
)

// watchRefusal returns a writer that notes with what a request is answered, if that
// is to be told. It notes it whatever part of the server answers.
//
//go:noinline
func (s *engine) watchRefusal(w http.ResponseWriter, r *http.Request, session string) *answer {
	if s.cfg.observer == nil && !s.cfg.logger.Enabled(r.Context(), slog.LevelDebug) {
		return nil
	}
	if s.checkSessionID(session) != nil {
		session = "" // it could be of any size
	}
	return &answer{ResponseWriter: w, session: session}
}

// tellRefusal tells of a request for a stream that was answered with anything else.
//
//go:noinline
func (s *engine) tellRefusal(r *http.Request, a *answer) {
	if a.status != 0 && a.status != http.StatusOK {
		s.refused(r.Context(), r, a)
	}
}

func (s *engine) refused(ctx context.Context, r *http.Request, a *answer) {
	s.cfg.logger.LogAttrs(ctx, slog.LevelDebug, "stream refused",
		slog.String("session", a.session), slog.String("remote", r.RemoteAddr), slog.Int("status", a.status))
	if s.cfg.observer != nil {
		s.cfg.observer.StreamRefused(ctx, Refusal{Operation: s.op.id, SessionID: a.session, RemoteAddr: r.RemoteAddr, Status: a.status})
	}
}

// answer notes the status of an answer.
type answer struct {
	http.ResponseWriter
	session string // empty if it is not valid
	status  int    // 0: not set, which net/http makes 200
}

func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= http.StatusOK {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
