package pglog_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/internal/pgtest"
)

// anyBytes are all bytes that an entry may have.
func anyBytes() []byte {
	var all []byte
	for b := range 256 {
		if b != '\r' && b != '\n' {
			all = append(all, byte(b))
		}
	}
	return all
}

// Names and data of any bytes and ids of any length come back as they are, whatever the settings of
// the connections and the encoding of the database.
func TestAnyBytesAnySettings(t *testing.T) {
	server := pgtest.Shared(t)
	admin := pgtest.Pool(t, server.URL("postgres"))
	latin := pgtest.Name()
	execute(t, admin, "create database "+latin+" encoding 'LATIN1' template template0")
	t.Cleanup(func() { _, _ = admin.Exec(context.Background(), "drop database "+latin+" with (force)") })
	for _, url := range []string{
		server.URL(latin),
		server.URL("postgres") + "&default_query_exec_mode=simple_protocol",
		server.URL("postgres") + "&default_query_exec_mode=exec",
		server.URL("postgres") + "&default_query_exec_mode=cache_describe",
		server.URL("postgres") + "&client_encoding=LATIN1&standard_conforming_strings=off&bytea_output=escape&DateStyle=German&timezone=Asia/Kathmandu&IntervalStyle=sql_standard",
		server.URL("postgres") + "&search_path=&plan_cache_mode=force_custom_plan&jit=on&jit_above_cost=0&transform_null_equals=on&plpgsql.variable_conflict=use_column",
		server.URL("postgres") + "&synchronous_commit=off&session_replication_role=replica&row_security=off&plpgsql.extra_errors=all",
	} {
		pool := pgtest.Pool(t, url)
		o := migrated(t, pool, pglog.Options{})
		l := mustOpen(t, pool, o)
		m := tester{t, l}
		s := eventlog.Session{ID: "a\x00\xff'\\" + strings.Repeat("x", 1<<20), Scope: "\x00'\\\xff"}
		r := m.follow(s)
		_, end := r.bounds()
		want := []eventlog.Entry{{Name: "n\x00\xff\\'", Data: anyBytes()}, {}, {Name: `\x41`, Data: []byte(`\x41`)}}
		key := eventlog.Key{Name: "k\x00\xff"}
		for _, k := range []*eventlog.Key{nil, &key, {Name: key.Name}} { // the last is a repetition
			if err := l.Append(t.Context(), s, k, copied(want)); err != nil {
				t.Fatalf("%s: Append: %v", url, err)
			}
		}
		tx := begin(t, pool)
		if _, err := l.AppendTx(t.Context(), tx, s, copied(want)); err != nil {
			t.Fatalf("%s: AppendTx: %v", url, err)
		}
		if err := tx.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := l.Delete(t.Context(), s.ID, &eventlog.Entry{Name: "end"}, 1<<62); err != nil {
			t.Errorf("%s: Delete: %v", url, err)
		}
		var got []eventlog.Entry
		for len(got) <= 3*len(want) {
			b, err := r.Read(t.Context(), end, 1<<20)
			if err != nil {
				t.Fatalf("%s: after %d entries: %v", url, len(got), err)
			}
			if got, end = append(got, b.Entries...), b.Position; len(b.Entries) == 0 {
				<-r.woken
			}
		}
		for i, e := range got[:3*len(want)] {
			if w := want[i%len(want)]; e.Name != w.Name || !bytes.Equal(e.Data, w.Data) {
				t.Errorf("%s: entry %d is %q, %q", url, i, e.Name, e.Data)
			}
		}
		if record, err := l.Lookup(t.Context(), s.ID); err != nil || record.Scope != s.Scope || record.Deleted == 0 {
			t.Errorf("%s: scope %q, deleted by %d, error %v", url, record.Scope, record.Deleted, err)
		}
	}
}

// copied returns the entries for an Append, which sets their ids.
func copied(entries []eventlog.Entry) []eventlog.Entry {
	return slices.Clone(entries)
}

func TestLargeAppends(t *testing.T) {
	l, _ := newLog(t, pglog.Options{})
	for _, entries := range [][]eventlog.Entry{make([]eventlog.Entry, 50_001), {{Data: make([]byte, 32<<20+1)}}} {
		if err := l.Append(t.Context(), own("a"), nil, entries); !errors.Is(err, eventlog.ErrEntryTooLarge) {
			t.Errorf("Append of %d entries: %v", len(entries), err)
		}
	}
	if err := l.Append(t.Context(), own("a"), nil, []eventlog.Entry{{Data: make([]byte, 8<<20)}}); err != nil {
		t.Errorf("Append of 8 MiB: %v", err)
	}
}

// The ids go on above an entry whose id is far ahead of the clock: the clock was set back. At the
// last number that there is, appends fail and the rest goes on.
func TestIDsAheadOfTheClock(t *testing.T) {
	m := newRetained(t, pglog.Retention{})
	r := m.follow(own("a"))
	m.append(own("a"), "0")
	for _, last := range []uint64{1<<53 - 1, 1<<63 - 10} {
		execute(t, m.pool, "update "+m.schema+".log set id = $1 where id = (select max(id) from "+m.schema+".log)", int64(last))
		if id := m.append(own("a"), "1", "2"); id != last+2 {
			t.Errorf("id %d, want %d", id, last+2)
		}
		m.retain()
		r.expect(last, "1", "2")
	}
	if id := m.append(own("a"), numbered(1, 7)...); id != 1<<63-1 {
		t.Errorf("id %d", id)
	}
	if err := m.log.Append(t.Context(), own("a"), nil, texts("never")); err == nil || errors.Is(err, eventlog.ErrUnavailable) {
		t.Errorf("Append behind the last id: %v", err)
	}
	m.retain()
	r.expect(1<<63-8, numbered(1, 7)...)
}
