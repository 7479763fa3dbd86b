package server

import (
	"context"
	"errors"
	"fmt"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server/internal/clock"
	"github.com/mixstream/mixstream/server/internal/ingest"
	"github.com/mixstream/mixstream/server/internal/sched"
	"github.com/mixstream/mixstream/server/internal/stream"
	"github.com/mixstream/mixstream/server/internal/transport"
)

// Server serves the streams of one operation from a log, and publishes to the log. E is the
// interface of the operation's events. A Server is an http.Handler for the operation. All its
// methods are safe for concurrent use.
type Server[E any] struct {
	*engine
	events *contract.Events[E]
}

// New returns a server of a streaming operation, or an error that names each option with a bad
// value. Without options the server keeps its events in memory; see eventlog.Retention for how
// many. It serves the sessions that CreateSession or a publication has made. Servers of several
// operations can share a log ([WithLog]): each has its own sessions there.
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

// Publish appends an event to a session, and returns the event's id once it is in the log. It
// makes the session known, if it was not. Session can be empty if all readers share one stream.
// Publish checks the event against its schema, unless [WithoutEventChecks] is set. It does not
// wait for readers, and does not keep the event.
//
// An event that the End of the operation names ends the session in the same step, as
// DeleteSession does. It is the last event of the session and of the session's streams.
//
// Publish fails with a *[PublishError], eventlog.ErrSessionDeleted, or an error of the log or
// the context. The event may be in the log only if the error is eventlog.ErrOutcomeUnknown.
func (s *Server[E]) Publish(ctx context.Context, session string, event E) (id string, err error) {
	ctx, p := s.beginPublication(ctx, session)
	defer func() { p.end(ctx, id, err) }()
	name, data, err := s.events.Encode(event)
	switch {
	case errors.Is(err, contract.ErrNilEvent):
		return "", &PublishError{Err: contract.ErrNilEvent}
	case errors.Is(err, contract.ErrUnknownEvent):
		if u := s.events.AsUnknown(event); u != nil {
			return "", &PublishError{Event: u.Name, Err: whyUnknown(u.Err)}
		}
		return "", &PublishError{Err: fmt.Errorf("%w: %T is not a generated type", contract.ErrUnknownEvent, event)}
	}
	p.event(name, 0)
	if err != nil {
		return "", &PublishError{Event: name, Err: err}
	}
	if err := s.mayPublish(name, data); err != nil {
		return "", err
	}
	p.event(name, len(data))
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
	log     eventlog.Log
	readers readers
	streams streams

	streamGate, ingestGate gate

	clock                clock.Clock
	rules, detachedRules stream.Rules
	transport            transport.Config
	pool                 *sched.Pool // of detached streams

	ingest        *ingest.Handler
	stopReceiving chan struct{} // closed when draining begins
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
		clock:   clock.New(),
		log:     cfg.log,
		streams: streams{drained: make(chan struct{})},

		stopReceiving: make(chan struct{}),
	}
	if s.log == nil {
		s.log = eventlog.NewMemory(eventlog.Retention{})
	}
	s.initGates()
	s.ingest = s.newIngest()
	s.transport.Clock, s.transport.WriteTimeout, s.transport.SendBuffer = s.clock, cfg.writeTimeout, cfg.sendBuffer
	s.pool = sched.NewPool(s.clock, cfg.heartbeat)
	s.rules, s.detachedRules = s.newRules(), s.newDetachedRules()
	s.readers.first, s.readers.last = cfg.onFirstReader, cfg.onLastReader
	return s, nil
}
