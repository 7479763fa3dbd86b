package natslog_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/natslog"
)

// An embedded log that is opened again has all that it had.
func TestRestart(t *testing.T) {
	dir := t.TempDir()
	s := eventlog.Session{ID: "a", Scope: "x"}
	var ids []uint64
	var start uint64
	for i := range 3 {
		log, err := natslog.Open(t.Context(), natslog.Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		m := tester{t, log}
		r := m.follow(s)
		if i == 0 {
			_, start = r.bounds()
			ids = append(ids, m.create(s))
		}
		r.expect(start, ids...)
		ids = append(ids, m.append(s, 3)...)
		key := m.keyed(s, "key", 2)
		if i == 0 {
			ids = append(ids, key...)
		} else if key[0] != ids[4] {
			t.Errorf("the key has id %d after a restart, want %d", key[0], ids[4])
		}
		r.expect(start, ids...)
		r.Close()
		if err := log.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestFolderIsLocked(t *testing.T) {
	dir := t.TempDir()
	mustOpen(t, natslog.Options{Dir: dir})
	if _, err := natslog.Open(t.Context(), natslog.Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("the folder opens twice: error %v", err)
	}
}

// Ids of a store that was wiped are a gap.
func TestWipedStore(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	log, err := natslog.Open(t.Context(), natslog.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	before := tester{t, log}.append(own("a"), 5)
	if err := log.Close(); err != nil {
		t.Error(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	m := tester{t, mustOpen(t, natslog.Options{Dir: dir})}
	r := m.follow(own("a"))
	for range 2 {
		for _, id := range before {
			r.expectGap(id)
			m.follow(own("a")).expectGap(id)
			m.follow(own("never")).expectGap(id)
		}
		m.append(own("a"), 1)
	}
}

// An entry that does not fit is refused, and nothing else is.
func TestEntryTooLarge(t *testing.T) {
	m := newTester(t, natslog.Retention{})
	e := []eventlog.Entry{{Name: "content", Data: make([]byte, 9<<20)}}
	for i := range e[0].Data {
		e[0].Data[i] = 'x'
	}
	err := m.log.Append(t.Context(), own("a"), nil, e)
	if !errors.Is(err, eventlog.ErrEntryTooLarge) || errors.Is(err, eventlog.ErrOutcomeUnknown) || !strings.Contains(err.Error(), "max_payload") {
		t.Errorf("error %v", err)
	}
	e[0].Data = e[0].Data[:1<<20]
	if err := m.log.Append(t.Context(), own("a"), nil, e); err != nil {
		t.Error(err)
	}
	if err := m.log.Append(t.Context(), own("a"), nil, make([]eventlog.Entry, natslog.MaxAppend+1)); err == nil {
		t.Error("Append accepts too many entries")
	}
	m.append(own("a"), natslog.MaxAppend)
}

// Session ids of all kinds are told apart.
func TestSessionIDs(t *testing.T) {
	m := newTester(t, natslog.Retention{})
	long := strings.Repeat("x", 256)
	ids := []string{"", "a", "A", ">", "*", "a.b", "é ü", "\x00\xff", long, long[1:] + "y", "=", "~", strings.Repeat(".", 96), strings.Repeat(".", 97)}
	want := make([][]uint64, len(ids))
	var start uint64
	for i, id := range ids {
		for _, s := range []eventlog.Session{own(id), {ID: "s" + id, Scope: id}} {
			r := m.follow(s)
			if start == 0 {
				_, start = r.bounds()
			}
		}
		want[i] = append(want[i], m.create(own(id)))
		want[i] = append(want[i], m.append(own(id), 2)...)
		m.create(eventlog.Session{ID: "s" + id, Scope: id})
	}
	for i, id := range ids {
		m.follow(own(id)).expect(start, want[i]...)
		if r, err := m.log.Lookup(t.Context(), id); err != nil || r.ID != id {
			t.Errorf("Lookup(%q): %+v, error %v", id, r, err)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for name, o := range map[string]natslog.Options{
		"set either Dir or URL":   {},
		"either Dir":              {Dir: "x", URL: "nats://localhost"},
		"for a URL":               {Dir: "x", Token: "t"},
		"SyncInterval":            {URL: "nats://localhost", SyncInterval: time.Second},
		`name "a b"`:              {Dir: "x", Name: "a b"},
		`prefix "a.b"`:            {Dir: "x", Prefix: "a.b"},
		"negative duration":       {Dir: "x", CheckInterval: -1},
		"AppendTimeout":           {Dir: "x", AppendTimeout: time.Hour},
		"6 replicas; from 1 to 5": {URL: "nats://localhost", Replicas: 6},
	} {
		if _, err := natslog.Open(t.Context(), o); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%+v: error %v, want one with %q", o, err, name)
		}
	}
}
