package pglog_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/mixstream/mixstream/eventlog/pglog"
)

// While another transaction keeps an old snapshot, keys and calls that were deleted before cost
// nothing.
func TestExpireBesideASnapshot(t *testing.T) {
	const rows = 1500
	r := newRetained(t, pglog.Retention{})
	r.append(own("a"), "1") // a call that stays
	tx, err := r.pool.BeginTx(t.Context(), pgx.TxOptions{IsoLevel: pgx.RepeatableRead})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }()
	if _, err := tx.Exec(t.Context(), "select pg_current_xact_id()"); err != nil {
		t.Fatal(err)
	}
	var keys, calls int64
	// expire returns how many pages it has looked at.
	expire := func(keysFrom, callsFrom int64) int {
		t.Helper()
		query := fmt.Sprintf("select * from %s.expire(%d, %d, %d)", r.schema, keysFrom, callsFrom, 2*rows)
		n := r.pages(query)
		var more bool
		if err := r.pool.QueryRow(t.Context(), query).Scan(&keys, &calls, &more); err != nil || more {
			t.Fatalf("more %v, error %v", more, err)
		}
		return n
	}
	expire(0, 0) // what is cached with the first call
	var bounded, all []int
	for range 4 {
		// As if the last call had come before them.
		r.exec(fmt.Sprintf(`insert into key select gen_random_uuid(), gen_random_uuid(), 1, 1, 1, 1, 1, '', false, %d - n from generate_series(1, %d) n;
			insert into call (token, at) select token_at(%[3]d - n), %[3]d - n from generate_series(1, %[2]d) n`, keys, rows, calls))
		expire(keys-rows, calls-rows)
		if n := r.count("key") + r.count("call"); n != 1 {
			t.Fatalf("%d keys and calls are left, want 1 call", n)
		}
		bounded, all = append(bounded, expire(keys, calls)), append(all, expire(0, 0))
	}
	t.Logf("pages: %d; from the beginning %d", bounded, all)
	if last := bounded[len(bounded)-1]; last > bounded[0]+10 || last > all[len(all)-1]/10 {
		t.Errorf("%d pages with nothing to delete, first %d; from the beginning %d", last, bounded[0], all)
	}
}

// Sessions whose grace period is not over cost the retention nothing.
func TestRetainBesideGrace(t *testing.T) {
	r := newRetained(t, pglog.Retention{})
	r.append(own("a"), "1")
	query := "select * from " + r.schema + ".retain(null, null, null, 1000)"
	r.pages(query) // what is cached with the first call
	before := r.pages(query)
	r.exec("insert into session (hash, id, scope, scope_hash, born, floor, deleted, forget_at) select gen_random_uuid(), '', '', gen_random_uuid(), 1, 0, 2, now() + interval '1 hour' from generate_series(1, 5000)")
	if n := r.pages(query); n > before+50 {
		t.Errorf("%d pages with 5000 sessions in their grace period, %d without", n, before)
	}
}

// pages returns how many pages a query looks at, which is also run.
func (r *retained) pages(query string) int {
	r.Helper()
	var text string
	if err := r.pool.QueryRow(r.Context(), "explain (analyze, buffers, format json) "+query).Scan(&text); err != nil {
		r.Fatal(err)
	}
	var plan []struct {
		Plan struct {
			Hit  int `json:"Shared Hit Blocks"`
			Read int `json:"Shared Read Blocks"`
		}
	}
	if err := json.Unmarshal([]byte(text), &plan); err != nil {
		r.Fatal(err)
	}
	return plan[0].Plan.Hit + plan[0].Plan.Read
}
