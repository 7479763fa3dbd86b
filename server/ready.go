package server

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mixstream/mixstream/eventlog"
)

// ErrDraining is what [Server.Ready] returns once Shutdown was called.
var ErrDraining = errors.New("server: shutting down")

// readyWithin bounds the question that Ready asks the log: a probe wants an answer
// while the log still tries.
const readyWithin = 2 * time.Second

// readySession is the session that Ready asks for. Whether there is one does not matter.
const readySession = "mixstream.ready"

// Ready returns nil if the server can be given readers and publishers: it is not shutting
// down, its log answers within 2 s, and entries can be appended to it, if it is an
// [eventlog.Writable]. Otherwise it returns [ErrDraining], or wraps the log's error, which
// is context.DeadlineExceeded if the log says nothing. The log may be back at the next
// call; draining is for good.
//
// It is for the probe of a load balancer, and asks the log for one record at each
// call. Streams that are open outlast an outage of the log ([WithLogOutage]).
func (s *engine) Ready(ctx context.Context) error {
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
	case s.streams.draining.Load(): // meanwhile
		return ErrDraining
	case err == nil, errors.Is(err, eventlog.ErrSessionNotFound):
		return nil
	}
	return fmt.Errorf("server: not ready: %w", err)
}
