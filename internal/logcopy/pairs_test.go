package logcopy_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/logcopy"
)

// filled is what a log was filled with.
type filled struct {
	log      eventlog.Log
	sessions []eventlog.Session
	deleted  string            // a session in its grace period
	gone     []string          // forgotten sessions
	all      []string          // the texts of all entries that can be read, in the order of their ids
	own      map[string]string // the texts that a reader of each session reads
	old      []uint64          // ids that the log has given out
	keyed    eventlog.Session
	keys     []*eventlog.Key // closed, each of one entry; the first one is open, and of three
}

// odd are ids that are hard to carry.
var odd = []eventlog.Session{
	{ID: "\xff\x00binary\n", Scope: "\xfe\x00"},
	{ID: strings.Repeat("long", 60), Scope: strings.Repeat("scope", 40)},
	{ID: "~A="},
	{ID: "a", Scope: "x"},
	{ID: "x", Scope: "a"},
}

// fill fills a log.
func fill(t *testing.T, log eventlog.Log) *filled {
	t.Helper()
	f := &filled{log: log, sessions: slices.Clone(odd), deleted: "deleted", gone: []string{"gone", "lonely"}, keyed: eventlog.Session{ID: "keyed"}}
	for _, s := range odd {
		e := eventlog.Entry{Name: "session_created", Data: []byte("{}")}
		if err := log.Create(t.Context(), s, &e); err != nil {
			t.Fatal(err)
		}
		f.note(e)
	}
	for n := range 40 {
		s := odd[n%3]
		f.append(t, s, nil, entry(n, n*n), entry(n, 0))
	}
	f.append(t, odd[0], nil, entry(0, 300<<10), entry(1, 600<<10)) // large
	for _, name := range []string{"open", "closed", strings.Repeat("name", 50)} {
		k := &eventlog.Key{Name: name, Close: name != "open"}
		f.append(t, f.keyed, k, entry(1, 3))
		f.keys = append(f.keys, k)
	}
	f.append(t, f.keyed, f.keys[0], entry(2, 2), entry(3, 1))
	f.sessions = append(f.sessions, f.keyed)
	for _, s := range []eventlog.Session{{ID: "gone"}, {ID: "lonely", Scope: "alone"}, {ID: "again", Scope: "x"}} {
		f.append(t, s, nil, entry(7, 7))
		f.delete(t, s.ID, 0)
		if _, err := log.Lookup(t.Context(), s.ID); !errors.Is(err, eventlog.ErrSessionNotFound) {
			t.Fatalf("Lookup: %v", err)
		}
	}
	again := eventlog.Session{ID: "again", Scope: "x"}
	f.append(t, again, nil, entry(8, 8))
	ended := eventlog.Session{ID: f.deleted, Scope: "x"}
	f.append(t, ended, nil, entry(9, 9))
	f.delete(t, f.deleted, time.Hour)
	f.append(t, again, nil, entry(10, 10))
	f.sessions = append(f.sessions, again, ended)
	f.own, f.all = f.texts(t, log)
	return f
}

func entry(n, size int) eventlog.Entry {
	return eventlog.Entry{Name: fmt.Sprint("name-", n%3), Data: fmt.Appendf(nil, "%d-%s", n, strings.Repeat("x", size))}
}

func (f *filled) note(entries ...eventlog.Entry) {
	for _, e := range entries {
		f.old = append(f.old, e.ID)
	}
}

func (f *filled) append(t *testing.T, s eventlog.Session, k *eventlog.Key, entries ...eventlog.Entry) {
	t.Helper()
	if err := f.log.Append(t.Context(), s, k, entries); err != nil {
		t.Fatal(err)
	}
	f.note(entries...)
}

func (f *filled) delete(t *testing.T, id string, grace time.Duration) {
	t.Helper()
	e := eventlog.Entry{Name: "session_deleted", Data: []byte(id)}
	if err := f.log.Delete(t.Context(), id, &e, grace); err != nil {
		t.Fatal(err)
	}
	f.note(e)
}

// texts returns the texts of the entries that can be read: for each session, and, with the id of
// the session, in the order of their ids.
func (f *filled) texts(t *testing.T, log eventlog.Log) (own map[string]string, all []string) {
	t.Helper()
	own = make(map[string]string)
	byID := make(map[uint64]string)
	for _, s := range append(slices.Clone(f.sessions), eventlog.Session{ID: "gone"}, eventlog.Session{ID: "nobody", Scope: "alone"}) {
		r := follow(t, log, s)
		after, _, err := r.Bounds(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		for {
			b, err := r.Read(t.Context(), after, 100_000)
			if err != nil {
				t.Fatal(err)
			}
			if after = b.Position; len(b.Entries) == 0 {
				break
			}
			for _, e := range b.Entries {
				fmt.Fprintf(&text, "%s %s\n", e.Name, e.Data)
				byID[e.ID] = string(e.Data)
			}
		}
		own[s.ID] = text.String()
	}
	ids := make([]uint64, 0, len(byID))
	for id := range byID {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		all = append(all, byID[id])
	}
	return own, all
}

func follow(t *testing.T, log eventlog.Log, s eventlog.Session) eventlog.Reader {
	t.Helper()
	r, err := log.Follow(t.Context(), s, func() {})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

// check checks that a log has what was copied from another one.
func (f *filled) check(t *testing.T, log eventlog.Log, keys bool) {
	t.Helper()
	own, all := f.texts(t, log)
	for id, want := range f.own {
		if own[id] != want {
			t.Errorf("session %.20q has\n%.300s\nwant\n%.300s", id, own[id], want)
		}
	}
	if !slices.Equal(all, f.all) {
		t.Errorf("the entries of all sessions have another order, or %d and not %d", len(all), len(f.all))
	}
	for _, s := range f.sessions {
		record, err := log.Lookup(t.Context(), s.ID)
		if err != nil || record.Session != s || (record.Deleted != 0) != (s.ID == f.deleted) {
			t.Errorf("Lookup: %+v, error %v; want %+v", record, err, s)
		}
		r := follow(t, log, s)
		for _, id := range f.old {
			if _, err := r.Read(t.Context(), id, 1); !errors.Is(err, eventlog.ErrGap) {
				t.Fatalf("session %.20q: no gap after the old id %d, but error %v", s.ID, id, err)
			}
		}
		if s.ID != f.deleted {
			continue
		}
		b, err := r.Read(t.Context(), record.Deleted-1, 1<<20)
		if err != nil || len(b.Entries) == 0 || string(b.Entries[0].Data) != f.deleted {
			t.Errorf("the last entry of the deleted session: %+v, error %v", b, err)
		}
		if err := log.Append(t.Context(), s, nil, []eventlog.Entry{entry(1, 1)}); !errors.Is(err, eventlog.ErrSessionDeleted) {
			t.Errorf("Append to the deleted session: error %v", err)
		}
	}
	for _, id := range f.gone {
		if _, err := log.Lookup(t.Context(), id); !errors.Is(err, eventlog.ErrSessionNotFound) {
			t.Errorf("Lookup(%s): error %v", id, err)
		}
	}
	if keys {
		f.checkKeys(t, log)
	}
	e := []eventlog.Entry{entry(1, 1)}
	if err := log.Append(t.Context(), odd[2], nil, e); err != nil || e[0].ID <= slices.Max(f.old) {
		t.Errorf("Append: id %d, error %v; want one above %d", e[0].ID, err, slices.Max(f.old))
	}
}

// checkKeys checks that what is published again is known, with the ids of before.
func (f *filled) checkKeys(t *testing.T, log eventlog.Log) {
	t.Helper()
	for _, k := range f.keys[1:] {
		e := []eventlog.Entry{entry(1, 3)}
		if err := log.Append(t.Context(), f.keyed, &eventlog.Key{Name: k.Name, Close: true}, e); err != nil || e[0].ID != k.Appended.Last {
			t.Errorf("key %.10s: a repetition has id %d, error %v; want %d", k.Name, e[0].ID, err, k.Appended.Last)
		}
	}
	open := *f.keys[0]
	reused, is := errors.AsType[*eventlog.KeyError](log.Append(t.Context(), f.keyed, &eventlog.Key{Name: open.Name}, []eventlog.Entry{entry(5, 5)}))
	if !is || !reused.Appended.Same(open.Appended) || reused.Appended.Piece != 2 || reused.Appended.Last != open.Appended.Last {
		t.Errorf("the key is %+v, want %+v", reused, open.Appended)
	}
	if err := log.Append(t.Context(), f.keyed, &open, []eventlog.Entry{entry(5, 5)}); err != nil || open.Appended.Count != 4 {
		t.Errorf("the key goes on: %+v, error %v", open.Appended, err)
	}
}

func copyLog(ctx context.Context, to logcopy.Target, from logcopy.Source) (logcopy.Counts, error) {
	return logcopy.Copy(ctx, to, from, logcopy.Options{Logger: slog.New(slog.DiscardHandler)})
}

// Every pair of kinds.
func TestPairs(t *testing.T) {
	for fromKind, newFrom := range kinds {
		for toKind, newTo := range kinds {
			t.Run(fromKind+" to "+toKind, func(t *testing.T) {
				t.Parallel()
				from, to := newFrom(t), newTo(t)
				log := from.open(t)
				f := fill(t, log)
				if err := log.Close(); err != nil {
					t.Error(err)
				}
				keys, kept := 3, true
				if p, is := from.(pgPlace); is && toKind != "postgres" {
					p.expireKeys(t) // it would wait for that
					keys, kept = 0, false
				}
				n, err := copyLog(t.Context(), to.target(t, 0, 0), from.source(t))
				if err != nil {
					t.Fatal(err)
				}
				if want := (logcopy.Counts{Entries: n.Entries, Sessions: len(f.sessions), Keys: keys}); n != want || n.Entries < len(f.all) {
					t.Errorf("copied %+v, want %+v and %d entries or more", n, want, len(f.all))
				}
				fresh := to.open(t)
				f.check(t, fresh, kept)
				if err := fresh.Close(); err != nil {
					t.Error(err)
				}
				if _, err = copyLog(t.Context(), to.target(t, 0, 0), from.source(t)); err == nil || !strings.Contains(err.Error(), "is not empty") {
					t.Errorf("a copy to a log that is not empty: error %v", err)
				}
			})
		}
	}
}
