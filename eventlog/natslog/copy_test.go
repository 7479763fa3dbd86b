package natslog_test

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/natslog"
	"github.com/mixstream/mixstream/internal/logcopy"
	"github.com/mixstream/mixstream/internal/natscopy"
)

// copyLog copies one log on NATS into another.
func copyLog(t *testing.T, to, from eventlog.Log) (entries int, err error) {
	t.Helper()
	source, err := natscopy.Source(from)
	if err != nil {
		t.Fatal(err)
	}
	target, err := natscopy.Target(to)
	if err != nil {
		t.Fatal(err)
	}
	n, err := logcopy.Copy(t.Context(), target, source, logcopy.Options{Logger: slog.New(slog.DiscardHandler)})
	return n.Entries, err
}

// A store is copied while no process has it open, goes on, and is lost. The copy is
// restored into a new log: it has all that the copy had, and every id of the old
// log, also of what came after the copy, is a gap.
func TestRestoreIntoNewLog(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	backup := filepath.Join(t.TempDir(), "backup")
	s, other := eventlog.Session{ID: "a", Scope: "x"}, own("other")

	first, err := natslog.Open(t.Context(), natslog.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	m := tester{t, first}
	_, start := m.follow(s).bounds()
	old := []uint64{start, m.create(s)}
	old = append(old, m.append(s, 3)...)
	m.append(other, 2)
	keyed, alone := &eventlog.Key{Name: "k"}, func() *eventlog.Key { return &eventlog.Key{Name: "alone", Close: true} }
	m.under(other, keyed, 2)
	m.under(other, keyed, 1)
	lone := m.under(other, alone(), 1)
	m.create(eventlog.Session{ID: "b", Scope: "x"})
	ended := m.delete("b", time.Hour)
	old = append(old, ended)
	m.create(own("gone"))
	m.forget(own("gone"))
	m.append(own("again"), 2)
	m.forget(own("again"))
	m.append(own("again"), 1)
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	if err := os.CopyFS(backup, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	second, err := natslog.Open(t.Context(), natslog.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	old = append(old, tester{t, second}.append(s, 5)...)
	if err := second.Close(); err != nil {
		t.Error(err)
	}

	from := mustOpen(t, natslog.Options{Dir: backup})
	to := mustOpen(t, natslog.Options{Dir: t.TempDir()})
	if n, err := copyLog(t, to, from); n != 13 || err != nil {
		t.Fatalf("%d entries were copied, error %v; want 13", n, err)
	}
	m = tester{t, to}
	r := m.follow(s)
	for _, id := range old {
		r.expectGap(id)
	}
	floor, end := r.bounds()
	b, err := r.Read(t.Context(), floor, 1<<20)
	if err != nil || len(b.Entries) != 6 || b.Entries[1].Name != "content" || string(b.Entries[3].Data) != "2" {
		t.Errorf("read %+v, error %v", b, err)
	}
	r.expect(end, m.append(s, 2)...)
	for id, entries := range map[string]int{"gone": 0, "again": 1} { // of the session as it is
		f := m.follow(own(id))
		floor, _ := f.bounds()
		if b, err := f.Read(t.Context(), floor, 1<<20); err != nil || len(b.Entries) != entries {
			t.Errorf("%s: read %+v, error %v; want %d entries", id, b, err, entries)
		}
	}
	for id, want := range map[string]error{"a": nil, "other": nil, "b": nil, "again": nil, "gone": eventlog.ErrSessionNotFound, "nobody": eventlog.ErrSessionNotFound} {
		record, err := to.Lookup(t.Context(), id)
		if !errors.Is(err, want) {
			t.Errorf("Lookup(%q): error %v, want %v", id, err, want)
		}
		if id == "b" && (record.Deleted == 0 || record.Deleted != b.Entries[5].ID || record.Scope != "x") {
			t.Errorf("the record of the deleted session is %+v; its last entry is %d", record, b.Entries[5].ID)
		}
	}
	// What was published under a key is known to the copy, with the ids of before.
	if got := m.under(other, alone(), 1); got[0] != lone[0] {
		t.Errorf("a repetition under a key is appended again, with id %d instead of %d", got[0], lone[0])
	}
	var reused *eventlog.KeyError
	err = to.Append(t.Context(), other, &eventlog.Key{Name: "k"}, []eventlog.Entry{{Name: "content", Data: []byte("0")}})
	if !errors.As(err, &reused) || reused.Appended.Count != 3 || reused.Appended.First != keyed.Appended.First || reused.Appended.Last != keyed.Appended.Last {
		t.Errorf("Append: error %v (%+v), want a *KeyError with %+v", err, reused, keyed.Appended)
	}
	last := keyed.Appended.Last
	if got := m.under(other, keyed, 1); got[0] <= last || keyed.Appended.Count != 4 {
		t.Errorf("appended as %d behind %d, and the key is %+v", got[0], last, keyed.Appended)
	}
	if _, err := copyLog(t, to, from); err == nil {
		t.Error("Copy accepts a target that is not empty")
	}
}

// What was left half done is brought to its end, and copied once, wherever its record is.
func TestCopyHalfDone(t *testing.T) {
	from := mustOpen(t, natslog.Options{Dir: t.TempDir(), SyncInterval: time.Minute})
	to := mustOpen(t, natslog.Options{Dir: t.TempDir(), SyncInterval: time.Minute})
	at := tester{t, from}.create(own("b"))
	writeRecord(t, from, "a", map[string]any{
		"state": "creating", "life": "1", "floor": at, "written": true, "as_of": at,
		"entry": map[string]any{"name": []byte("session_created"), "data": []byte("{}")},
	})
	if n, err := copyLog(t, to, from); n != 2 || err != nil {
		t.Errorf("%d entries were copied, error %v", n, err)
	}
}

// A new log that retains less than was copied is no copy.
func TestCopyIntoSmallerLog(t *testing.T) {
	from := mustOpen(t, natslog.Options{Dir: t.TempDir(), SyncInterval: time.Minute})
	tester{t, from}.append(own("a"), 20)
	to := mustOpen(t, natslog.Options{Dir: t.TempDir(), SyncInterval: time.Minute, Retention: natslog.Retention{Entries: 15}})
	if _, err := copyLog(t, to, from); err == nil || !strings.Contains(err.Error(), "session \"a\" has more than the 15 entries") {
		t.Errorf("error %v", err)
	}
}
