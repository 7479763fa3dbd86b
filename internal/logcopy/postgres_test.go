package logcopy_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/internal/logcopy"
	"github.com/mixstream/mixstream/internal/pgcopy"
	"github.com/mixstream/mixstream/internal/pgtest"
)

// What a transaction of an application has published is copied, though no process has moved it
// into the log.
func TestOutbox(t *testing.T) {
	from, to := newPgPlace(t), newPgPlace(t)
	log := from.open(t).(*pglog.Log)
	sessions := []eventlog.Session{{ID: "old", Scope: "x"}, {ID: "new", Scope: "y"}}
	ended := []eventlog.Session{{ID: "old end", Scope: "x"}, {ID: "new end"}}
	f := &filled{log: log, sessions: sessions}
	f.append(t, sessions[0], nil, entry(0, 1))
	f.append(t, ended[0], nil, entry(0, 1))
	tx, err := from.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for n, s := range sessions {
		if _, err := log.AppendTx(t.Context(), tx, s, []eventlog.Entry{entry(n+1, 2)}); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range ended {
		if _, err := log.DeleteTx(t.Context(), tx, s, entry(4, 4), time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(log.Close(), tx.Commit(t.Context())); err != nil {
		t.Fatal(err)
	}
	n, err := copyLog(t.Context(), to.target(t, 0, 0), from.source(t))
	if want := (logcopy.Counts{Entries: 6, Sessions: 4}); err != nil || n != want {
		t.Errorf("copied %+v, error %v; want %+v", n, err, want)
	}
	fresh := to.open(t)
	defer fresh.Close()
	own, all := f.texts(t, fresh)
	if own["old"] != "name-0 0-x\nname-1 1-xx\nname-1 4-xxxx\n" || own["new"] != "name-2 2-xx\n" || len(all) != 4 {
		t.Errorf("the sessions have %q", all)
	}
	if record, err := fresh.Lookup(t.Context(), "new"); err != nil || record.Session != sessions[1] {
		t.Errorf("Lookup: %+v, error %v", record, err)
	}
	for _, s := range ended { // whose last entry is in their scope
		record, err := fresh.Lookup(t.Context(), s.ID)
		if err != nil || record.Session != s || record.Deleted == 0 {
			t.Errorf("Lookup: %+v, error %v", record, err)
		}
		r := follow(t, fresh, s)
		if b, err := r.Read(t.Context(), record.Deleted-1, 1); err != nil || len(b.Entries) != 1 || b.Entries[0].ID != record.Deleted {
			t.Errorf("%s ends with %+v, error %v", s.ID, b, err)
		}
	}
}

// The end of a copy is seen at once by a process that has the new log open, and is not in its way.
func TestTargetIsOpen(t *testing.T) {
	from, to := newPgPlace(t), newPgPlace(t)
	log, open := from.open(t), to.open(t)
	defer open.Close()
	s := eventlog.Session{ID: "s"}
	if err := log.Append(t.Context(), s, nil, []eventlog.Entry{entry(1, 1)}); err != nil {
		t.Fatal(err)
	}
	if err := log.Close(); err != nil {
		t.Error(err)
	}
	woken := make(chan struct{}, 1)
	r, err := open.Follow(t.Context(), s, func() {
		select {
		case woken <- struct{}{}:
		default:
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	_, end, err := r.Bounds(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := copyLog(t.Context(), to.target(t, 0, 0), from.source(t)); err != nil {
		t.Fatal(err)
	}
	// A reader from before the copy is told a gap, or gets what was copied.
	for {
		b, err := r.Read(t.Context(), end, 1)
		if errors.Is(err, eventlog.ErrGap) || err == nil && len(b.Entries) == 1 && bytes.Equal(b.Entries[0].Data, entry(1, 1).Data) {
			break
		}
		if err != nil || len(b.Entries) > 0 {
			t.Fatalf("a reader from before the copy: %d entries, error %v", len(b.Entries), err)
		}
		end = b.Position
		<-woken
	}
	e := []eventlog.Entry{entry(2, 2)}
	if err := open.Append(t.Context(), s, nil, e); err != nil || e[0].ID <= end {
		t.Errorf("Append: id %d, error %v", e[0].ID, err)
	}
}

// Nothing is made in a database that has no schema of a log, and a log that is in use is not
// copied to.
func TestTargetIsNotReady(t *testing.T) {
	from, to := newPgPlace(t), newPgPlace(t)
	nothing := to
	nothing.schema = pgtest.Name()
	_, err := copyLog(t.Context(), nothing.target(t, 0, 0), from.source(t))
	if missing, is := errors.AsType[*pglog.SchemaError](err); !is || missing.Have != 0 || missing.Schema != nothing.schema {
		t.Errorf("error %v, want a *pglog.SchemaError", err)
	}
	if _, err := pgcopy.Target(pgcopy.Log{Pool: to.pool, Schema: "a b"}); err == nil || !strings.Contains(err.Error(), `schema "a b"`) {
		t.Errorf("error %v", err)
	}
	if !slow() {
		return
	}
	// As a copy does that is under way.
	err = pgx.BeginFunc(t.Context(), to.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), "select "+to.schema+".lock()"); err != nil {
			return err
		}
		_, err := copyLog(t.Context(), to.target(t, 0, 0), from.source(t))
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "the log to copy to is in use") {
		t.Errorf("error %v", err)
	}
}

// A replica can be copied, though it can be served by nobody.
func TestReplica(t *testing.T) {
	if !slow() {
		t.Skip("it starts two servers; MIXSTREAM_SLOW=1 runs it")
	}
	server := pgtest.Start(t)
	primary := pgPlaceOn(t, server)
	log := primary.open(t)
	f := fill(t, log)
	if err := log.Close(); err != nil {
		t.Error(err)
	}
	replica := primary
	replica.pool = pgtest.Pool(t, server.Replica(t).URL("postgres"))
	to := newPgPlace(t)
	if _, err := copyLog(t.Context(), to.target(t, 0, 0), replica.source(t)); err != nil {
		t.Fatal(err)
	}
	fresh := to.open(t)
	defer fresh.Close()
	f.check(t, fresh, true)
}
