package pglog_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/internal/pgtest"
)

// tracer counts the calls of the functions of a log, and holds one up when a test says so.
type tracer struct {
	mu     sync.Mutex
	counts map[string]int
	hold   *hold
}

// hold holds up the next call of a function: before the database gets it, or when its answer has
// come and nobody has seen it.
type hold struct {
	function string
	answered bool
	held     chan struct{}
	released chan struct{}
}

// functionOf returns the name of the function of the schema that a statement calls.
func functionOf(sql string) string {
	call, _, _ := strings.Cut(sql, "(")
	return call[strings.LastIndexByte(call, '.')+1:]
}

type tracedFunction struct{}

func (r *tracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	function := functionOf(data.SQL)
	r.mu.Lock()
	r.counts[function]++
	r.mu.Unlock()
	r.pass(function, false)
	return context.WithValue(ctx, tracedFunction{}, function)
}

func (r *tracer) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryEndData) {
	r.pass(ctx.Value(tracedFunction{}).(string), true)
}

func (r *tracer) pass(function string, answered bool) {
	r.mu.Lock()
	h := r.hold
	if h == nil || h.function != function || h.answered != answered {
		r.mu.Unlock()
		return
	}
	r.hold = nil
	r.mu.Unlock()
	close(h.held)
	<-h.released
}

// holdUp holds up the next call of a function. The test must close released.
func (r *tracer) holdUp(function string, answered bool) *hold {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hold = &hold{function, answered, make(chan struct{}), make(chan struct{})}
	return r.hold
}

// reset sets the counts to zero.
func (r *tracer) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.counts)
}

// count returns how often a function was called.
func (r *tracer) count(function string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.counts[function]
}

// newTraced opens a log of its own, all of whose calls of the database a tracer sees.
func newTraced(t testing.TB, o pglog.Options) (*pglog.Log, *tracer, *pgxpool.Pool, pglog.Options) {
	t.Helper()
	traces := &tracer{counts: make(map[string]int)}
	config, err := pgxpool.ParseConfig(pgtest.Shared(t).URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	config.ConnConfig.Tracer = traces
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	o = migrated(t, pool, o)
	return mustOpen(t, pool, o), traces, pool, o
}
