package pglog_test

import (
	"context"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/internal/pgtest"
)

// A publication of all tables, for logical replication, makes PostgreSQL refuse updates and deletes
// of rows that nothing identifies.
func TestPublicationOfAllTables(t *testing.T) {
	r := newRetained(t, pglog.Retention{Age: time.Hour, Entries: 8})
	name := pgtest.Name()
	execute(t, r.pool, "create publication "+name+" for all tables")
	t.Cleanup(func() { _, _ = r.pool.Exec(context.Background(), "drop publication "+name) })
	s := eventlog.Session{ID: "a", Scope: "x"}
	for range 20 {
		if err := r.log.Append(t.Context(), s, &eventlog.Key{Name: "k"}, texts("1")); err != nil {
			t.Fatal(err)
		}
		created := texts("created")[0]
		_ = r.log.Create(t.Context(), eventlog.Session{ID: "b", Scope: "x"}, &created)
		end := texts("end")[0]
		if err := r.log.Delete(t.Context(), "b", &end, 0); err != nil {
			t.Fatal(err)
		}
	}
	tx := begin(t, r.pool)
	p, err := r.log.AppendTx(t.Context(), tx, s, texts("2"))
	if err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := p.IDs(t.Context()); err != nil {
		t.Error(err)
	}
	r.exec("update log set id = id - 3601000000; update epoch set first = first - 3602000000; update trimmed set floor = floor - 3602000000;" +
		"update key set used = used - 3602000000; update call set at = at - 3602000000; update session set deleted = deleted - 3602000000, floor = floor - 3602000000")
	r.append(s, "3")
	r.retain()
	if n := r.count("log"); n != 1 {
		t.Errorf("%d entries are left, want 1", n)
	}
	r.exec("update epoch set timeline = ''") // as in a copy, which gets an identity of its own
	r.append(s, "4")
	if n := r.count("epoch"); n != 2 {
		t.Errorf("%d epochs, want 2", n)
	}
}
