package pglog_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/pglog"
)

// deleteTx deletes a session in a transaction, and fails the test on an error.
func (m tester) deleteTx(tx pgx.Tx, s eventlog.Session, grace time.Duration) *pglog.Pending {
	m.Helper()
	p, err := m.log.(*pglog.Log).DeleteTx(m.Context(), tx, s, texts("end")[0], grace)
	if err != nil {
		m.Fatalf("DeleteTx: %v", err)
	}
	return p
}

// A session ends if and only if the transaction commits, whether or not it has a record before.
func TestDeleteTx(t *testing.T) {
	l, pool := newLog(t, pglog.Options{})
	m := tester{t, l}
	for _, s := range []eventlog.Session{own("a"), {ID: "b", Scope: "x"}, own("new"), {ID: "new in x", Scope: "x"}} {
		r := m.follow(s)
		_, end := r.bounds()
		want := []string{"1", "2", "end"}
		if s.ID == "a" || s.ID == "b" {
			m.append(s, "0")
			want = append([]string{"0"}, want...)
		}

		tx := begin(t, pool)
		p := m.deleteTx(tx, s, time.Hour)
		if err := tx.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
		if ids, err := p.IDs(t.Context()); !errors.Is(err, pglog.ErrRolledBack) {
			t.Errorf("IDs after the rollback: %d, error %v", ids, err)
		}

		tx = begin(t, pool)
		m.appendTx(tx, s, "1")
		// The scope of the record counts, and not this one.
		inTx := s
		if len(want) == 4 {
			inTx.Scope = "another"
		}
		undone, err := tx.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		m.deleteTx(undone, inTx, time.Hour)
		if err := undone.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
		m.appendTx(tx, s, "2")
		p = m.deleteTx(tx, inTx, time.Hour)
		_, err = l.AppendTx(t.Context(), tx, s, texts("never"))
		if !errors.Is(err, eventlog.ErrSessionDeleted) {
			t.Errorf("AppendTx behind the end: %v", err)
		}
		if _, err := l.DeleteTx(t.Context(), tx, s, texts("never")[0], 0); !errors.Is(err, eventlog.ErrSessionDeleted) {
			t.Errorf("DeleteTx behind the end: %v", err)
		}
		commit(t, tx)

		// Neither way of appending passes, moved or not.
		tx = begin(t, pool)
		if _, err := l.AppendTx(t.Context(), tx, s, texts("never")); !errors.Is(err, eventlog.ErrSessionDeleted) {
			t.Errorf("AppendTx after the commit: %v", err)
		}
		commit(t, tx)
		if err := l.Append(t.Context(), s, nil, texts("never")); !errors.Is(err, eventlog.ErrSessionDeleted) {
			t.Errorf("Append after the commit: %v", err)
		}
		ids, err := p.IDs(t.Context())
		record, lookupErr := l.Lookup(t.Context(), s.ID)
		if err != nil || lookupErr != nil || len(ids) != 1 || record.Deleted != ids[0] || record.Scope != s.Scope {
			t.Errorf("IDs %d, error %v; Lookup %+v, error %v", ids, err, record, lookupErr)
		}
		r.expect(end, want...)
	}
}

// After the grace period the session is unknown, and can be made again: a position from before is
// told as a gap.
func TestDeleteTxGrace(t *testing.T) {
	l, pool := newLog(t, pglog.Options{})
	m := tester{t, l}
	tx := begin(t, pool)
	first := m.appendTx(tx, own("a"), "1")
	p := m.deleteTx(tx, own("a"), 0)
	commit(t, tx)
	before, err := first.IDs(t.Context())
	if err == nil {
		_, err = p.IDs(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Lookup(t.Context(), "a"); !errors.Is(err, eventlog.ErrSessionNotFound) {
		t.Errorf("Lookup: %v", err)
	}
	tx = begin(t, pool)
	m.appendTx(tx, own("a"), "again")
	commit(t, tx)
	r := m.follow(own("a"))
	floor, _ := r.bounds()
	r.expect(floor, "again")
	r.expectGap(before[0])
}

// IDs tells what has become of entries that are no longer there, and waits for all of them.
func TestPendingIDs(t *testing.T) {
	const n = 4500 // more than two steps move
	l, pool := newLog(t, pglog.Options{Retention: pglog.Retention{Entries: 8}})
	m := tester{t, l}
	tx := begin(t, pool)
	p := m.appendTx(tx, own("a"), numbered(1, n)...)
	open, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if ids, err := p.IDs(open); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("before the commit: %d ids, error %v", len(ids), err)
	}
	commit(t, tx)
	if ids, err := p.IDs(t.Context()); err != nil || len(ids) != n {
		t.Errorf("%d ids, error %v", len(ids), err)
	}
	m.append(own("a"), "one", "more") // which trims
	if ids, err := p.IDs(t.Context()); !errors.Is(err, eventlog.ErrGap) {
		t.Errorf("after they were trimmed: %d ids, error %v", len(ids), err)
	}
}

// Sessions that only transactions publish to are trimmed as well.
func TestAppendTxTrims(t *testing.T) {
	l, pool := newLog(t, pglog.Options{Retention: pglog.Retention{Entries: 8}})
	m := tester{t, l}
	until(t, "the session is trimmed", func() bool {
		tx := begin(t, pool)
		m.appendTx(tx, own("a"), numbered(1, 10)...)
		commit(t, tx)
		r := m.follow(own("a"))
		floor, _ := r.bounds()
		b, err := r.Read(t.Context(), floor, 1<<20)
		if errors.Is(err, eventlog.ErrGap) { // the floor has risen meanwhile
			return false
		}
		if err != nil {
			t.Fatal(err)
		}
		return len(b.Entries) > 0 && string(b.Entries[0].Data) != "1"
	})
}
