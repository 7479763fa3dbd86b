package pglog_test

import (
	"testing"

	"github.com/mixstream/mixstream/eventlog/pglog"
)

// fillOutbox does what transactions do that publish so many entries to so many sessions.
func fillOutbox(r *retained, rows, sessions int) {
	r.Helper()
	execute(r, r.pool, "insert into "+r.schema+".outbox (session, id, scope, scope_hash, name, data) "+
		"select md5(s)::uuid, s::bytea, '', md5(s)::uuid, 'content', n::text::bytea from (select n, (n % $2)::text as s from generate_series(1, $1) n) n", rows, sessions)
}

// The log is locked while a step moves what was published. A step looks at no more of that than a
// few times what it moves, however much there is.
func TestStepOfABacklog(t *testing.T) {
	const rows, step = 6000, 100
	r := newRetained(t, pglog.Retention{})
	if err := r.log.Close(); err != nil { // so that nothing else moves anything
		t.Fatal(err)
	}
	fillOutbox(r, rows, 50)
	tx := begin(t, r.pool)
	var leftOver bool
	var left, read int
	// Connections have counted nothing before in the schema of this test.
	_, err := tx.Exec(t.Context(), "set local search_path = "+r.schema+"; set local enable_seqscan = off")
	if err == nil {
		err = tx.QueryRow(t.Context(), "select left_over from drain(null, $1, micros())", step).Scan(&leftOver)
	}
	if err == nil {
		err = tx.QueryRow(t.Context(), "select coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) from pg_stat_xact_user_tables where relid = 'outbox'::regclass").Scan(&read)
	}
	if err == nil {
		err = tx.QueryRow(t.Context(), "select count(*) from outbox").Scan(&left)
	}
	if err != nil || !leftOver || left != rows-step || read > 5*step {
		t.Errorf("%d rows were read, %d are left, left over: %v, error %v", read, left, leftOver, err)
	}
}

// A very large transaction keeps no other session waiting for longer than a step, and its own
// sessions' entries come in their order.
func TestBacklog(t *testing.T) {
	if !slow() {
		t.Skip("publishes 300,000 entries; MIXSTREAM_SLOW=1 runs it")
	}
	const rows, sessions = 300_000, 1000
	r := newRetained(t, pglog.Retention{Entries: -1})
	fillOutbox(r, rows, sessions)
	appends := 0
	for r.count("outbox") > 0 {
		r.append(own("other"), "1")
		appends++
	}
	if appends < 10 {
		t.Errorf("%d appends were made while the backlog was moved", appends)
	}
	if n := r.count("log where origin is not null"); n != rows {
		t.Errorf("%d entries, want %d", n, rows)
	}
	var wrong int
	err := r.pool.QueryRow(t.Context(), "select count(*) from (select lag(origin) over (partition by stream order by id) > origin as wrong from "+r.schema+".log) l where wrong").Scan(&wrong)
	if err != nil || wrong > 0 {
		t.Errorf("%d entries are not in their order, error %v", wrong, err)
	}
}
