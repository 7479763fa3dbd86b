package server

import (
	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server/internal/clock"
	"github.com/mixstream/mixstream/server/internal/sched"
)

// newEngine makes the engine of a server of an operation, from its options.
func newEngine(op operation, opts []Option) (*engine, error) {
	cfg := defaultConfig()
	cfg.namespace = op.namespace
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
