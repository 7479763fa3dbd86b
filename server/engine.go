package server

import (
	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server/internal/clock"
	"github.com/mixstream/mixstream/server/internal/ingest"
	"github.com/mixstream/mixstream/server/internal/sched"
	"github.com/mixstream/mixstream/server/internal/stream"
	"github.com/mixstream/mixstream/server/internal/transport"
)

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

	ingest *ingest.Handler
}
