package pglog_test

import (
	"context"
	"runtime"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mixstream/mixstream/internal/pgtest"
)

// raw inserts events with the same group commit as a log, and does nothing else.
type raw struct {
	pool  *pgxpool.Pool
	table string
	each  int // events a call
	mu    sync.Mutex
	queue []chan error
	work  chan struct{}
}

// newRaw makes a table in the database at a URL, which is dropped with the test.
func newRaw(t testing.TB, url string, each int) *raw {
	t.Helper()
	r := &raw{pool: pgtest.Pool(t, url), table: pgtest.Name(), each: each, work: make(chan struct{}, 1)}
	if _, err := r.pool.Exec(t.Context(), "create table "+r.table+" (id bigint generated always as identity primary key, stream uuid, name bytea, data bytea)"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = r.pool.Exec(context.Background(), "drop table "+r.table) })
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	t.Cleanup(func() { cancel(); wg.Wait() })
	wg.Go(func() { r.run(ctx) })
	return r
}

func (r *raw) run(ctx context.Context) {
	for {
		select {
		case <-r.work:
		case <-ctx.Done():
			return
		}
		for n := -1; n != r.waiting(); runtime.Gosched() {
			n = r.waiting()
		}
		r.mu.Lock()
		batch := r.queue
		r.queue = nil
		r.mu.Unlock()
		if len(batch) == 0 {
			continue
		}
		names, data := make([][]byte, len(batch)*r.each), make([][]byte, len(batch)*r.each)
		for i := range names {
			names[i], data[i] = []byte("content"), benchData
		}
		_, err := r.pool.Exec(ctx, "insert into "+r.table+" (stream, name, data) select '3f333df6-90a4-4fda-8dd3-9485d27cee36', * from unnest($1::bytea[], $2::bytea[])", names, data)
		for _, done := range batch {
			done <- err
		}
	}
}

func (r *raw) waiting() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.queue)
}

func (r *raw) append(int) error {
	done := make(chan error, 1)
	r.mu.Lock()
	r.queue = append(r.queue, done)
	r.mu.Unlock()
	select {
	case r.work <- struct{}{}:
	default:
	}
	return <-done
}
