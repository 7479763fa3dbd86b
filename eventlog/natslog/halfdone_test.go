package natslog_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/natslog"
)

// writeRecord stores a record as a process would have left it that died on the way.
func writeRecord(t *testing.T, log *natslog.Log, session string, record map[string]any) {
	t.Helper()
	record["id"] = []byte(session)
	data, err := json.Marshal(record)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := log.Connection().Request(log.RecordSubject(session), data, patience); err != nil {
		t.Fatal(err)
	}
}

// forgetIDs makes the stream of the entries forget a message id after a moment, as if
// each had been stored minutes ago. It returns that moment.
func forgetIDs(t *testing.T, log *natslog.Log) time.Duration {
	t.Helper()
	js, s := entryStream(t, log)
	c := s.CachedInfo().Config
	c.Duplicates = 100 * time.Millisecond
	if _, err := js.UpdateStream(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	return c.Duplicates
}

// A process dies after it has noted that it creates or deletes a session, and
// before or after it has appended the entry. The next process that finds the session
// appends the entry, once, also if the stream does not know the entry's message id any more.
func TestHalfDone(t *testing.T) {
	for name, test := range map[string]struct {
		times int // how often a process finds the session
		late  bool
	}{"before the entry": {times: 1}, "after the entry": {times: 3}, "long after the entry": {times: 3, late: true}} {
		t.Run(name, func(t *testing.T) {
			m := newTester(t, natslog.Retention{})
			log := m.log.(*natslog.Log)
			var pause time.Duration
			if test.late {
				pause = 3 * forgetIDs(t, log)
			}
			witness := m.follow(eventlog.Session{ID: "witness", Scope: "x"})
			_, start := witness.bounds()
			entry := func(name string) map[string]any { return map[string]any{"name": []byte(name), "data": []byte("{}")} }
			finish := func(record func() map[string]any, check func(eventlog.Record)) {
				t.Helper()
				for range test.times { // as if what was written after the entry had been lost
					writeRecord(t, log, "a", record())
					r, err := log.Lookup(t.Context(), "a")
					if err != nil {
						t.Fatal(err)
					}
					check(r)
					time.Sleep(pause) // until the stream has forgotten the id
				}
			}
			finish(func() map[string]any {
				return map[string]any{"state": "creating", "scope": []byte("x"), "life": "1", "as_of": start, "entry": entry("session_created")}
			}, func(r eventlog.Record) {
				if r.Scope != "x" || r.Deleted != 0 {
					t.Errorf("got %+v", r)
				}
			})
			b, err := witness.Read(t.Context(), start, 1<<20)
			for err == nil && len(b.Entries) == 0 {
				<-witness.woken
				b, err = witness.Read(t.Context(), start, 1<<20)
			}
			if err != nil || len(b.Entries) != 1 || b.Entries[0].Name != "session_created" {
				t.Fatalf("read %+v, error %v", b, err)
			}
			created := b.Entries[0].ID
			own := m.append(eventlog.Session{ID: "a"}, 2)

			var deleted uint64
			finish(func() map[string]any {
				return map[string]any{
					"state": "deleting", "scope": []byte("x"), "life": "1", "written": true, "as_of": own[1],
					"entry": entry("session_deleted"), "grace": time.Hour,
				}
			}, func(r eventlog.Record) {
				if r.Deleted == 0 || deleted != 0 && r.Deleted != deleted {
					t.Errorf("got %+v, want a session that ended with %d", r, deleted)
				}
				deleted = r.Deleted
			})
			witness.expect(start, created, deleted)
			m.follow(eventlog.Session{ID: "a"}).expect(start, created, own[0], own[1], deleted)
			e := []eventlog.Entry{{Name: "content", Data: []byte("{}")}}
			if err := log.Append(t.Context(), eventlog.Session{ID: "a"}, nil, e); !errors.Is(err, eventlog.ErrSessionDeleted) {
				t.Errorf("Append: error %v", err)
			}
		})
	}
}
