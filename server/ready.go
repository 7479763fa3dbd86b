package server

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mixstream/mixstream/eventlog"
)

// ErrDraining is the error of [Server.Ready] from the call of Shutdown on.
var ErrDraining = errors.New("server: shutting down")

// readyWithin is how long Ready waits for the log: a probe wants an answer while the log still
// tries.
const readyWithin = 2 * time.Second

// readySession is the session that Ready looks up, whether it exists or not.
const readySession = "mixstream.ready"

// ready implements [Server.Ready].
func (s *engine) ready(ctx context.Context) error {
	if s.streams.draining.Load() {
		return ErrDraining
	}
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	_, err := s.log.Lookup(ctx, readySession)
	if log, ok := s.log.(eventlog.Writable); ok && (err == nil || errors.Is(err, eventlog.ErrSessionNotFound)) {
		err = log.Writable(ctx)
	}
	switch {
	case s.streams.draining.Load(): // since Ready was called
		return ErrDraining
	case err == nil, errors.Is(err, eventlog.ErrSessionNotFound):
		return nil
	}
	return fmt.Errorf("server: not ready: %w", err)
}
