package pglog_test

import (
	"context"
	"errors"
	"testing"

	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/internal/pgtest"
)

// A dump is restored in the place of the log, and into another database. Readers that have seen
// what the dump lacks are told a gap, the others go on, and no id comes twice.
func TestRestore(t *testing.T) {
	server := pgtest.Shared(t)
	pool := pgtest.Pool(t, server.URL("postgres"))
	o := migrated(t, pool, pglog.Options{})
	m := tester{t, mustOpen(t, pool, o)}
	old := m.follow(own("a"))
	kept := m.append(own("a"), "1", "2")
	dump := server.Dump(t, "postgres", o.Schema)
	lost := m.append(own("a"), "3", "4")

	other := pgtest.Name()
	execute(t, pool, "create database "+other)
	t.Cleanup(func() { _, _ = pool.Exec(context.Background(), "drop database "+other+" with (force)") })
	server.Restore(t, other, dump)
	otherPool := pgtest.Pool(t, server.URL(other))
	// What was published before the dump has the number of a transaction of another server.
	outbox := "insert into " + o.Schema + ".outbox (xid, session, id, scope, scope_hash, name, data) select '9000000000', stream, 'a', '', stream, 'content', 'published' from " + o.Schema + ".log limit 1"
	execute(t, otherPool, outbox)
	elsewhere := tester{t, mustOpen(t, otherPool, o)}
	tx := begin(t, otherPool)
	if _, err := m.log.(*pglog.Log).AppendTx(t.Context(), tx, own("a"), texts("never")); !errors.Is(err, pglog.ErrOtherDatabase) {
		t.Errorf("AppendTx to the copy: %v", err)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}

	execute(t, pool, "drop schema "+o.Schema+" cascade")
	server.Restore(t, "postgres", dump)
	execute(t, pool, outbox)
	var failed error
	until(t, "the open log goes on", func() bool {
		_, failed = m.log.Lookup(t.Context(), "a")
		return failed == nil
	})
	for name, m := range map[string]tester{"the same database": m, "another database": elsewhere} {
		if first := m.append(own("a"), "5"); first <= lost {
			t.Errorf("%s: id %d after %d", name, first, lost)
		}
		r := m.follow(own("a"))
		r.expectGap(lost)
		floor, _ := r.bounds()
		if floor <= lost {
			t.Errorf("%s: the floor is %d after the gap, and %d was lost", name, floor, lost)
		}
		r.expectGap(kept + 1)
		r.expect(kept, "published", "5")
	}
	until(t, "the open reader is told the gap", func() bool {
		_, failed = old.Read(t.Context(), lost, 100)
		return failed != nil
	})
	old.expectGap(lost)
}

// An operator truncates the table of entries.
func TestTruncate(t *testing.T) {
	m := newRetained(t, pglog.Retention{})
	r := m.follow(own("a"))
	start, _ := r.bounds()
	behind := m.append(own("a"), "1")
	m.append(own("b"), "2")
	last := m.append(own("a"), "3")
	m.exec("truncate log")
	r = m.follow(own("a"))
	r.expectGap(start)
	r.expectGap(behind)
	if floor, end := r.bounds(); floor != last || end != last {
		t.Errorf("bounds %d and %d, want %d", floor, end, last)
	}
	r.expect(last)
	if id := m.append(own("a"), "4"); id <= last {
		t.Errorf("id %d after %d", id, last)
	}
	r.expectGap(behind)
	r.expect(last, "4")
	m.retain()
	r.expect(last, "4")
}
