package pglog_test

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/internal/pgtest"
)

// retained is a log whose retention runs when a test says so.
type retained struct {
	tester
	log    *pglog.Log
	pool   *pgxpool.Pool
	schema string
}

func newRetained(t *testing.T, r pglog.Retention) *retained {
	t.Helper()
	pool := pgtest.Pool(t, pgtest.Shared(t).URL("postgres"))
	o := migrated(t, pool, pglog.Options{Retention: r})
	l := mustOpen(t, pool, o)
	return &retained{tester{t, l}, l, pool, o.Schema}
}

func (r *retained) retain() {
	r.Helper()
	if err := r.log.Retain(); err != nil {
		r.Fatal(err)
	}
}

// exec changes the tables of the log.
func (r *retained) exec(sql string) {
	r.Helper()
	if _, err := r.pool.Exec(r.Context(), "set search_path = "+r.schema+"; "+sql+"; reset search_path"); err != nil {
		r.Fatal(err)
	}
}

// count counts what a query returns.
func (r *retained) count(from string) (n int) {
	r.Helper()
	if err := r.pool.QueryRow(r.Context(), "select count(*) from "+r.schema+"."+from).Scan(&n); err != nil {
		r.Fatal(err)
	}
	return n
}

func TestAge(t *testing.T) {
	r := newRetained(t, pglog.Retention{Age: time.Hour})
	quiet, busy := r.follow(own("quiet")), r.follow(own("busy"))
	floor, _ := quiet.bounds()
	r.append(own("quiet"), "1")
	r.append(own("busy"), "2")
	r.exec("update log set id = id - 3601000000; update epoch set first = first - 3602000000; update trimmed set floor = floor - 3602000000")
	last := r.append(own("busy"), "3")
	r.retain()
	if n := r.count("log"); n != 1 {
		t.Errorf("%d entries are left, want 1", n)
	}
	busy.expectGap(floor - 3602000000)
	now, _ := busy.bounds()
	busy.expect(now, "3")
	quiet.expectGap(floor - 3602000000)
	// The newest entry stays.
	r.exec("update log set id = id - 3601000000")
	r.retain()
	busy.expect(now, "3")
	_ = last
}

func TestBytes(t *testing.T) {
	const entries = 400
	r := newRetained(t, pglog.Retention{Bytes: 100_000, Entries: -1})
	reader := r.follow(own("a"))
	for range entries {
		r.append(own("a"), strings.Repeat("x", 873)) // 1000 with a name and the rest
		r.retain()
	}
	if n := r.count("log"); n < 85 || n > 105 {
		t.Errorf("%d entries are left, want about 100", n)
	}
	floor, _ := reader.bounds()
	b, err := reader.Read(t.Context(), floor, 1<<20)
	if err != nil || len(b.Entries) != r.count("log") {
		t.Errorf("from the floor: %d entries, error %v", len(b.Entries), err)
	}
	reader.expectGap(floor - 1)
	// What sessions lose by themselves does not count.
	counted := func() (n int) {
		_ = r.pool.QueryRow(t.Context(), "select sum(bytes) from "+r.schema+".chunk").Scan(&n)
		return n
	}
	before := counted()
	e := texts("end")[0]
	if err := r.log.Delete(t.Context(), "a", &e, 0); err != nil {
		t.Fatal(err)
	}
	r.append(own("b"), "1")
	r.retain()
	if n := counted(); before < 90_000 || n > 1000 || n < 0 {
		t.Errorf("%d bytes after %d", n, before)
	}
}

// What a forgotten session had is deleted, also if it was made again before that.
func TestForgottenEntries(t *testing.T) {
	r := newRetained(t, pglog.Retention{})
	e := texts("end")[0]
	forget := func() {
		t.Helper()
		r.append(own("a"), "1", "2", "3")
		if err := r.log.Delete(t.Context(), "a", &e, 0); err != nil {
			t.Fatal(err)
		}
	}
	forget()
	r.append(own("b"), "1")
	r.retain()
	if n := r.count("log"); n != 1 {
		t.Errorf("%d entries are left, want 1", n)
	}
	forget()
	r.append(own("a"), "4")
	r.retain()
	if n := r.count("log"); n != 2 {
		t.Errorf("%d entries are left, want 2", n)
	}
	if n := r.count("session where dirty or forget_at is not null"); n != 0 {
		t.Errorf("%d sessions are not done", n)
	}
	f := r.follow(own("a"))
	f.expectGap(e.ID - 1)
	f.expect(e.ID, "4")
}

// What is appended by a process that sets no limit is held to those of the others, with some slack.
// However much that is, it is deleted in bounded steps.
func TestOthersAreTrimmed(t *testing.T) {
	const keep, appended = 1000, 12_000
	r := newRetained(t, pglog.Retention{Entries: keep, Bytes: -1})
	visitor := mustOpen(t, r.pool, pglog.Options{Schema: r.schema, Retention: pglog.Retention{Entries: -1, Bytes: -1, Age: -1}})
	first := r.append(own("few"), "0")
	for _, id := range []string{"many", "few"} {
		tester{t, visitor}.append(own(id), numbered(1, keep+200)...)
	}
	tester{t, visitor}.append(own("many"), numbered(1, appended)...)
	if err := visitor.Retain(); err != nil {
		t.Fatal(err)
	}
	until(t, "the session is trimmed", func() bool {
		r.retain()
		n := r.count("log") - (1 + keep + 200)
		return n >= keep && n <= keep+keep/4
	})
	r.follow(own("many")).expectGap(first)
	r.follow(own("few")).expect(first, numbered(1, keep+200)...)
}

// Marks of forgotten sessions and floors of scopes go when they say no more than the floor of the
// whole log; keys and calls when their life is over.
func TestNothingIsLeft(t *testing.T) {
	r := newRetained(t, pglog.Retention{Age: time.Hour, Entries: 8})
	e := texts("end")[0]
	for i := range 40 {
		s := eventlog.Session{ID: "s" + strings.Repeat("x", i), Scope: "x"}
		if err := r.log.Append(t.Context(), s, &eventlog.Key{Name: "k"}, texts("1")); err != nil {
			t.Fatal(err)
		}
		if err := r.log.Delete(t.Context(), s.ID, &e, 0); err != nil {
			t.Fatal(err)
		}
		created := texts("created")[0]
		if err := r.log.Create(t.Context(), eventlog.Session{ID: "c" + s.ID, Scope: "x"}, &created); err != nil {
			t.Fatal(err)
		}
		if err := r.log.Delete(t.Context(), "c"+s.ID, &e, 0); err != nil {
			t.Fatal(err)
		}
	}
	r.retain()
	if r.count("session") == 0 || r.count("scope") == 0 || r.count("key") == 0 || r.count("call") == 0 {
		t.Errorf("%d marks, %d floors, %d keys, %d calls", r.count("session"), r.count("scope"), r.count("key"), r.count("call"))
	}
	r.exec("update log set id = id - 3601000000; update epoch set first = first - 3602000000; update trimmed set floor = floor - 3602000000;" +
		"update session set deleted = deleted - 3602000000, floor = floor - 3602000000; update scope set floor = floor - 3602000000;" +
		"update key set used = used - 3602000000; update call set at = at - 3602000000, token = token_at(at - 3602000000); " +
		"insert into call (token, at) values (token_at(0), micros())") // of a process whose clock is behind
	r.append(own("last"), "1")
	r.retain()
	r.retain()
	if r.count("session") != 1 || r.count("scope") != 0 || r.count("key") != 0 || r.count("call") != 2 || r.count("log") != 1 {
		t.Errorf("left: %d sessions, %d floors, %d keys, %d calls, %d entries",
			r.count("session"), r.count("scope"), r.count("key"), r.count("call"), r.count("log"))
	}
}

// A session that is made again while its old mark is deleted keeps its record.
func TestMadeAgainMeanwhile(t *testing.T) {
	r := newRetained(t, pglog.Retention{})
	r.exec("insert into session (hash, id, scope, scope_hash, floor, deleted) select gen_random_uuid(), '', '', gen_random_uuid(), 0, 1")
	tx := begin(t, r.pool)
	if _, err := tx.Exec(t.Context(), "update "+r.schema+".session set born = 2, deleted = null"); err != nil {
		t.Fatal(err)
	}
	retained := make(chan error)
	go func() { retained <- r.log.Retain() }()
	until(t, "the retention waits for the session", func() (waits bool) {
		_ = r.pool.QueryRow(t.Context(), "select exists (select from pg_stat_activity where wait_event = 'transactionid' and query like '%"+r.schema+"%')").Scan(&waits)
		return waits
	})
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-retained; err != nil || r.count("session") != 1 {
		t.Errorf("%d sessions are left, error %v", r.count("session"), err)
	}
}

// However fast keys, calls and marks of sessions come, the retention keeps up with them.
func TestNothingPilesUp(t *testing.T) {
	r := newRetained(t, pglog.Retention{})
	r.append(own("a"), "1")
	const others = "select gen_random_uuid() as id, n from generate_series(1, $1) n"
	for sql, n := range map[string]int{
		"call (token, at) select " + r.schema + ".token_at(n), 0":                           21_000,
		"key select id, id, 0, 1, 1, 1, 1, '', false, 0":                                    6_000,
		"session (hash, id, scope, scope_hash, floor, deleted) select id, '', '', id, 0, 1": 2_000,
		"scope select id, 1": 2_000,
	} {
		execute(t, r.pool, "insert into "+r.schema+"."+sql+" from ("+others+") o", n)
	}
	r.retain()
	if r.count("call") != 1 || r.count("key") != 0 || r.count("session") != 1 || r.count("scope") != 0 {
		t.Errorf("left: %d calls, %d keys, %d sessions, %d scopes", r.count("call"), r.count("key"), r.count("session"), r.count("scope"))
	}
}
