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
func (s *Server) watchRefusal(w http.ResponseWriter, r *http.Request) *answer {
	if s.cfg.observer == nil && !s.cfg.logger.Enabled(r.Context(), slog.LevelDebug) {
		return nil
	}
	return &answer{ResponseWriter: w}
}

// tellRefusal tells of a request for a stream that was answered with anything else.
//
//go:noinline
func (s *Server) tellRefusal(r *http.Request, a *answer) {
	if a.status != 0 && a.status != http.StatusOK {
		s.refused(r.Context(), r, a.status)
	}
}

func (s *Server) refused(ctx context.Context, r *http.Request, status int) {
	session := s.sessionOf(r)
	s.cfg.logger.LogAttrs(ctx, slog.LevelDebug, "stream refused",
		slog.String("session", session), slog.String("remote", r.RemoteAddr), slog.Int("status", status))
	if s.cfg.observer != nil {
		s.cfg.observer.StreamRefused(ctx, Refusal{SessionID: session, RemoteAddr: r.RemoteAddr, Status: status})
	}
}

// sessionOf returns the session that a request is for, or nothing if it is not
// valid: it could be of any size.
func (s *Server) sessionOf(r *http.Request) string {
	session := r.URL.Query().Get(sessionIDQuery)
	if s.checkSessionID(session) != nil {
		return ""
	}
	return session
}

// answer notes the status of an answer.
type answer struct {
	http.ResponseWriter
	status int // 0: not set, which net/http makes 200
}

func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= http.StatusOK {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
