package pglog_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/internal/pgtest"
)

// The readers of a session cost one query of the process, however many they are.
func TestQueriesForReaders(t *testing.T) {
	const n = 200
	l, traces, _, _ := newTraced(t, pglog.Options{PollInterval: time.Hour})
	m := tester{t, l}
	m.append(own("a"), "0")
	readers, at := make([]*follower, n), make([]uint64, n)
	for i := range readers {
		readers[i] = m.follow(own("a"))
		_, at[i] = readers[i].bounds()
	}
	m.append(own("a"), "the tail knows of them")
	for i, r := range readers {
		at[i] = r.expect(at[i], "the tail knows of them")
	}
	for i := range 20 {
		traces.reset()
		text := numbered(i, i)[0]
		m.append(own("a"), text)
		for i, r := range readers {
			at[i] = r.expect(at[i], text)
			at[i] = r.expect(at[i])
		}
		if n := traces.count("read") + traces.count("lookup"); n > 0 {
			t.Fatalf("%d queries of the readers", n)
		}
		if n := traces.count("tail"); n > 2 {
			t.Fatalf("%d queries of the tail for one event", n)
		}
	}
}

// What comes to a session that begins to be followed while the tail asks is not missed: the
// question does not name the session, and the answer passes its entry.
func TestFollowWhileTheTailAsks(t *testing.T) {
	for name, answered := range map[string]bool{"before the question": false, "before the answer": true} {
		for _, kind := range []string{"new", "again", "scope"} {
			t.Run(kind+" "+name, func(t *testing.T) {
				l, traces, _, _ := newTraced(t, pglog.Options{PollInterval: time.Hour})
				m := tester{t, l}
				witness := m.follow(own("witness"))
				_, start := witness.bounds()
				s := eventlog.Session{ID: "b"}
				if kind == "scope" {
					s.Scope = "x"
				}
				var before *follower
				if kind == "again" {
					before = m.follow(s)
				}
				m.append(own("witness"), "0")
				start = witness.expect(start, "0")

				asked := traces.holdUp("tail", answered)
				m.append(own("witness"), "1")
				<-asked.held
				if before != nil {
					before.Close()
				}
				r := m.follow(s)
				_, end := r.bounds()
				end = r.expect(end)
				r.forgetWakes()
				m.append(own("witness"), "2")
				entry := texts("first")[0]
				if err := l.Create(t.Context(), eventlog.Session{ID: "c" + s.Scope, Scope: s.Scope}, &entry); err != nil {
					t.Fatal(err)
				}
				want := []string{"second"}
				if kind == "scope" {
					want = []string{"first", "second"}
				}
				m.append(s, "second")
				close(asked.released)
				r.awaitWake()
				r.expect(end, want...)
				witness.expect(start, "1", "2")
			})
		}
	}
}

// What comes before the first reader has a position is not missed, even if its notification is.
func TestFirstReader(t *testing.T) {
	l, traces, _, o := newTraced(t, pglog.Options{PollInterval: time.Hour}.DropNotifications(func() bool { return true }))
	other := tester{t, mustOpen(t, pgtest.Pool(t, pgtest.Shared(t).URL("postgres")), o)}
	floor := other.append(own("a"), "0")
	found := traces.holdUp("lookup", true)
	readers := make(chan *follower)
	go func() { readers <- tester{t, l}.follow(own("a")) }()
	<-found.held
	other.append(own("a"), "1")
	close(found.released)
	r := <-readers
	r.awaitWake()
	r.expect(floor, "1")
}

// The memory is not worth anything for a reader of another history: the database has lost what the
// reader has seen last.
func TestMemoryOfAnotherEpoch(t *testing.T) {
	r := newRetained(t, pglog.Retention{})
	reader := r.follow(own("a"))
	_, end := reader.bounds()
	r.append(own("a"), "1")
	last := r.append(own("a"), "2")
	at := reader.expect(end, "1", "2")
	reader.forgetWakes()
	r.exec(fmt.Sprintf("begin; delete from log where id = %d; update epoch set timeline = 'lost'; commit", last))
	reader.awaitWake()
	reader.expectGap(at)
	floor, _ := reader.bounds()
	r.append(own("a"), "3")
	reader.expect(floor, "3")
}

// What the database has lost is not read from the memory either, by a reader that is behind it and
// reads in small steps.
func TestMemoryOfWhatIsLost(t *testing.T) {
	for name, loss := range map[string]string{
		"another epoch": "update epoch set timeline = 'lost'",
		"a cut":         "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and query like '%' || current_schema || '\".tail(%'",
	} {
		t.Run(name, func(t *testing.T) {
			r := newRetained(t, pglog.Retention{})
			slow, quick := r.follow(own("a")), r.follow(own("a"))
			_, start := slow.bounds()
			r.append(own("a"), numbered(1, 5)...)
			end := quick.expect(start, numbered(1, 5)...) // so the memory has them
			r.exec("begin; delete from log where id > (select min(id) + 2 from log); " + loss + "; commit")
			until(t, "the loss is noticed", func() bool {
				_, err := quick.Read(t.Context(), end, 1)
				return errors.Is(err, eventlog.ErrGap)
			})
			r.append(own("a"), "6")
			var got []string
			for at := start; len(got) == 0 || got[len(got)-1] != "6"; {
				b, err := slow.Read(t.Context(), at, 1)
				switch {
				case errors.Is(err, eventlog.ErrUnavailable): // until the tail is connected again
				case err != nil:
					t.Fatalf("Read(%d): %v, after %q", at, err, got)
				default:
					at = b.Position
				}
				for _, e := range b.Entries {
					got = append(got, string(e.Data))
				}
			}
			if want := []string{"1", "2", "3", "6"}; !slices.Equal(got, want) {
				t.Errorf("read %q, want %q", got, want)
			}
		})
	}
}

// After a cut of the connection every reader asks the database once, which may have been set back.
func TestMemoryAfterACut(t *testing.T) {
	l, traces, pool, o := newTraced(t, pglog.Options{PollInterval: time.Hour})
	m := tester{t, l}
	r, other := m.follow(own("a")), m.follow(own("a"))
	_, end := r.bounds()
	m.append(own("a"), "1")
	other.expect(end, "1") // so the memory has it
	const begin = `"continue"`
	before := traces.count(begin)
	if _, err := pool.Exec(t.Context(), "update "+o.Schema+".trimmed set floor = (select max(id) from "+o.Schema+".log)"); err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(t.Context(), "select pg_terminate_backend(pid) from pg_stat_activity where query like $1", "%"+o.Schema+"\".tail(%"); err != nil {
		t.Fatal(err)
	}
	until(t, "the log is connected again", func() bool {
		_, _, err := other.Bounds(t.Context())
		return err == nil && traces.count(begin) > before
	})
	r.expectGap(end)
}

// forgetWakes forgets the wakes up to now.
func (f *follower) forgetWakes() {
	select {
	case <-f.woken:
	default:
	}
}

func (f *follower) awaitWake() {
	f.t.Helper()
	select {
	case <-f.woken:
	case <-time.After(patience):
		f.t.Fatal("the reader is not woken")
	}
}
