package server

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// WithAuthorizer sets the function that decides who may read a session. It is
// called for each request for a stream, so again on every reconnection, from many
// goroutines: before anything is looked up, so that a stranger does not learn which
// sessions exist, with an id that a session may have. The request is the one that
// the server was given, with what a middleware has put into its context.
//
// It refuses with [ErrUnauthorized], [ErrForbidden] or a *[RefusalError]. Any other
// error is answered with 500 and logged, and its text is not told to the client.
// By default every request may read every session.
//
// It guards the streams of this server only. The application authorizes its other operations
// itself, and may answer with the same errors: see [Server.WriteError].
func WithAuthorizer(f func(r *http.Request, sessionID string) error) Option {
	return func(c *config) { c.guarded, c.authorizer = true, f }
}

// WithReauthorization has the authorizer asked again on open streams, with their
// request, at this interval, less a random tenth. By default, and if zero, it is not.
//
// A stream that is refused with a status of 4XX ends, and its client learns why
// when it reconnects. It is the end of a reader whose access was revoked, but not
// at once: the interval, and the write that is under way, come first. Any other
// error does not end the stream, since it would end all streams at once when what
// the authorizer asks is down; it is logged.
//
// The stream waits for the authorizer, which should therefore answer soon. It must
// not change the request, and for a detached stream ([WithDetachedStreams]) not rely on
// what a router reuses.
func WithReauthorization(interval time.Duration) Option {
	return func(c *config) { c.reauthorization = interval }
}

func (c *config) checkAuthorizer() error {
	switch {
	case c.guarded && c.authorizer == nil:
		return errors.New("server: nil authorizer")
	case c.reauthorization < 0:
		return errors.New("server: negative duration")
	case c.reauthorization > 0 && !c.guarded:
		return errors.New("server: reauthorization without an authorizer")
	}
	return nil
}

// authorize asks whether the request may read the session.
func (s *engine) authorize(r *http.Request, sessionID string) error {
	if s.cfg.authorizer == nil {
		return nil
	}
	if err := s.cfg.authorizer(r, sessionID); err != nil {
		return fmt.Errorf("authorizer: %w", err)
	}
	return nil
}

// errRevoked is why a stream ended whose reader may no longer read it.
var errRevoked = errors.New("server: access revoked")

// nextCheck returns when the stream is to be authorized again.
func (l *live) nextCheck(now instant) instant {
	interval := l.server.cfg.reauthorization
	if interval == 0 {
		return 0
	}
	return now.add(interval - jitter(interval/10))
}

// reauthorize returns an error if the reader may no longer read the session.
func (l *live) reauthorize() error {
	err := l.server.authorize(l.request, l.sessionID)
	if err == nil {
		return nil
	}
	if refusal := asRefusal(err); refusal != nil && refusal.Status < 500 {
		return fmt.Errorf("%w: %w", errRevoked, err)
	}
	if l.ctx.Err() == nil {
		l.server.cfg.logger.ErrorContext(l.ctx, "reauthorize", "session", l.sessionID, "remote", l.remote, "error", err)
	}
	return nil
}
