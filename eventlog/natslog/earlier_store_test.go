package natslog_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/natslog"
)

// The store in testdata was written by an earlier version. Whatever is renamed in this
// package, its names and formats in the store stay as they are.
func TestStoreOfEarlierVersion(t *testing.T) {
	const first = 1796043254968814
	own, scoped := own("own"), eventlog.Session{ID: "scoped", Scope: "tenant"}
	entries := []eventlog.Entry{
		{ID: first, Name: "content", Data: []byte(`{"n":1}`)},
		{ID: first + 1, Name: "content", Data: []byte(`{"n":2}`)},
		{ID: first + 2, Name: "session_created", Data: []byte(`{"n":3}`)},
		{ID: first + 3, Name: "content", Data: []byte(`{"n":4}`)},
		{ID: first + 4, Name: "content", Data: []byte(`{"n":5}`)},
		{ID: first + 6, Name: "content", Data: []byte(`{"n":6}`)},
		{ID: first + 8, Name: "session_created", Data: []byte(`{"n":7}`)},
		{ID: first + 9, Name: "session_deleted", Data: []byte(`{"n":8}`)},
	}
	dir, told := filepath.Join(t.TempDir(), "log"), &notes{}
	if err := os.CopyFS(dir, os.DirFS("testdata/store")); err != nil {
		t.Fatal(err)
	}
	m := tester{t, mustOpen(t, natslog.Options{Dir: dir, Logger: told.logger(), Retention: natslog.Retention{Age: -1}})}
	for s, want := range map[eventlog.Session][]eventlog.Entry{
		own:                            {entries[0], entries[1], entries[5]},
		{ID: "scoped"}:                 entries[2:5],
		{ID: "new", Scope: "tenant"}:   entries[2:3],
		{ID: "deleted"}:                entries[6:],
		{ID: "own", Scope: "whatever"}: {entries[0], entries[1], entries[5]},
	} {
		b, err := m.follow(s).Read(t.Context(), first-1, 1<<20)
		if err != nil {
			t.Fatalf("%+v: %v", s, err)
		}
		if len(b.Entries) != len(want) {
			t.Fatalf("%+v: %d entries, want %d", s, len(b.Entries), len(want))
		}
		for i, e := range b.Entries {
			if e.ID != want[i].ID || e.Name != want[i].Name || !bytes.Equal(e.Data, want[i].Data) {
				t.Errorf("%+v: entry %d %s %s, want %d %s %s", s, e.ID, e.Name, e.Data, want[i].ID, want[i].Name, want[i].Data)
			}
		}
	}
	for _, want := range []eventlog.Record{{Session: own}, {Session: scoped}, {Session: eventlog.Session{ID: "deleted"}, Deleted: first + 9}} {
		if got, err := m.log.Lookup(t.Context(), want.ID); got != want || err != nil {
			t.Errorf("Lookup: %+v, error %v, want %+v", got, err, want)
		}
	}
	err := m.log.Append(t.Context(), eventlog.Session{ID: "deleted"}, nil, []eventlog.Entry{entries[0]})
	if !errors.Is(err, eventlog.ErrSessionDeleted) {
		t.Errorf("Append to a deleted session: %v", err)
	}
	r := m.follow(own)
	next := m.append(own, 2)
	if next[0] <= first+9 {
		t.Errorf("id %d was given out again", next[0])
	}
	r.expect(entries[5].ID, next...)
	if told.has("level=ERROR") || told.has("level=WARN") {
		t.Errorf("the logger was told %s", told.text.String())
	}
}
