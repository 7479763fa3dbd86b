package server

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/eventlog"
)

// Server serves the streams of one operation from a log, and publishes to it. E is the
// interface of the operation's events. It is an http.Handler for the operation. All methods
// are safe for concurrent use.
type Server[E any] struct {
	*engine
	events *contract.Events[E]
}

// New returns a server of a streaming operation. Without options it keeps its events in
// memory (see eventlog.Retention for how many), and serves sessions that were created, or
// published to. Servers of several operations may share a log ([WithLog]): each has its own
// sessions there.
func New[P, E any](op contract.Operation[P, E], opts ...Option) (*Server[E], error) {
	o, err := operationOf(op)
	if err != nil {
		return nil, err
	}
	e, err := newEngine(o, opts)
	if err != nil {
		return nil, err
	}
	return &Server[E]{e, op.Events}, nil
}

// Publish appends an event to a session and returns the event's id once it is in the log.
// The session becomes known by it if it was not. If all readers share one stream, session may
// be empty. Publish checks the event against its schema ([WithEventChecks]), never waits for
// readers, and does not keep the event.
//
// An event that the End of the operation names also ends the session, in the same step, as
// DeleteSession does: nothing can follow it, and it is what the session's streams end with.
//
// It fails with a *PublishError, eventlog.ErrSessionDeleted, or an error of the log or the
// context. Only if that is eventlog.ErrOutcomeUnknown may the event be in the log.
func (s *Server[E]) Publish(ctx context.Context, session string, event E) (id string, err error) {
	ctx, pub := s.begin(ctx, session)
	defer func() { pub.end(ctx, id, err) }()
	name, data, err := s.events.Encode(event)
	switch {
	case errors.Is(err, contract.ErrNilEvent):
		return "", &PublishError{Err: ErrNilEvent}
	case errors.Is(err, contract.ErrUnknownEvent):
		if u := s.events.AsUnknown(event); u != nil {
			return "", &PublishError{Event: u.Name, Err: whyUnknown(u.Err)}
		}
		return "", &PublishError{Err: fmt.Errorf("%w: %T is not a generated type", ErrUnknownEvent, event)}
	}
	pub.event(name, 0)
	if err != nil {
		return "", &PublishError{Event: name, Err: err}
	}
	if err := s.mayPublish(name, data); err != nil {
		return "", err
	}
	pub.event(name, len(data))
	if s.cfg.checkEvents {
		if err := s.op.fits(name, data); err != nil {
			return "", &PublishError{Event: name, Err: err}
		}
	}
	return s.append(ctx, session, name, data)
}

// engine is a Server without the Go types of its events: it deals in names and bytes.
type engine struct {
	op      operation
	cfg     config
	began   time.Time // what instants are counted from
	log     eventlog.Log
	readers readers
	streams streams
	workers workers
	wheel   wheel
	leaving leaving
	limits  limits

	publishers    limits        // of requests that publish
	stopReceiving chan struct{} // closed when draining begins

	warnNoDeadline sync.Once
}

func newEngine(op operation, opts []Option) (*engine, error) {
	cfg := defaultConfig()
	cfg.namespace, cfg.sentinel = op.namespace, op.end.Data
	for _, o := range opts {
		o(&cfg)
	}
	if err := cfg.check(); err != nil {
		return nil, err
	}
	cfg.bound()
	s := &engine{
		op:      op,
		cfg:     cfg,
		began:   time.Now(),
		log:     cfg.log,
		streams: streams{drained: make(chan struct{})},

		stopReceiving: make(chan struct{}),
	}
	if s.log == nil {
		s.log = eventlog.NewMemory(eventlog.Retention{})
	}
	s.workers.init()
	s.wheel.init(s)
	s.readers.first, s.readers.last = cfg.onFirstReader, cfg.onLastReader
	return s, nil
}
