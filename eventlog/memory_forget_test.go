package eventlog_test

import (
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mixstream/mixstream/eventlog"
)

func TestGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := tester{t, eventlog.NewMemory(eventlog.Retention{})}
		start := m.end()
		created := m.create(own("a"))
		m.create(own("b"))
		m.create(own("c"))
		m.create(own("d"))
		// Not in the order in which they end.
		m.delete("d", -time.Minute)
		m.delete("b", 2*time.Minute)
		m.delete("c", math.MaxInt64)
		deleted := m.delete("a", time.Minute)

		m.wantRecord("d", eventlog.ErrSessionNotFound)
		time.Sleep(time.Minute - 1)
		m.wantRecord("a", nil)
		m.want(own("a"), start, created)
		m.want(own("a"), deleted-1, deleted)
		time.Sleep(time.Nanosecond)
		m.wantRecord("a", eventlog.ErrSessionNotFound)
		m.wantRecord("b", nil)
		m.wantGap(own("a"), created)
		m.want(own("a"), deleted, 0)
		time.Sleep(time.Minute)
		m.wantRecord("b", eventlog.ErrSessionNotFound)
		time.Sleep(1000 * time.Hour)
		m.wantRecord("c", nil)
	})
}

// One mark stands for all that was forgotten. It gives a false gap to sessions
// without a record, and to no other.
func TestForgottenMark(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := tester{t, eventlog.NewMemory(eventlog.Retention{})}
		start := m.end()
		known := m.append(own("known"), "{}")
		open := m.follow(own("open"))
		defer open.Close()
		m.append(own("a"), "{}")
		deleted := m.delete("a", 0)

		m.want(own("known"), start, known)
		m.want(own("open"), start, 0)
		m.wantGap(own("new"), start)
		m.wantGap(own("new"), deleted-1)
		m.want(own("new"), deleted, 0)
		m.want(own("new"), deleted, 0) // which a reader that came and went does not move

		// A session keeps the mark from when it got its record.
		m.append(own("new"), "{}")
		last := m.append(own("b"), "{}")
		m.delete("b", 0)
		m.want(own("new"), deleted, deleted+1)
		m.wantGap(own("newer"), last)
	})
}

func TestForgottenScope(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := tester{t, eventlog.NewMemory(eventlog.Retention{})}
		a, b := eventlog.Session{ID: "a", Scope: "x"}, eventlog.Session{ID: "b", Scope: "x"}
		start := m.end()
		open := m.follow(b)
		created := m.create(a)
		deleted := m.delete("a", 0)

		// The scope stands for as long as somebody reads it.
		m.want(b, start, created)
		open.Close()
		m.wantGap(b, deleted-1)
		m.want(b, deleted, 0)
		m.wantGap(eventlog.Session{ID: "c", Scope: "y"}, deleted-1)
	})
}

// A reader that stays open over a session's end sees the gap to the next one of
// that id.
func TestReaderOutlivesSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := tester{t, eventlog.NewMemory(eventlog.Retention{})}
		r := m.follow(own("a"))
		defer r.Close()
		m.append(own("a"), "{}")
		deleted := m.delete("a", 0)
		again := m.create(eventlog.Session{ID: "a", Scope: "x"})
		if _, err := r.Read(t.Context(), deleted-1, 1); err == nil {
			t.Error("no gap at a position of the former session")
		}
		// The reader has no scope, so it sees of the new session only its own entries.
		own := m.append(eventlog.Session{ID: "a"}, "{}")
		b, err := r.Read(t.Context(), deleted, 1000)
		if err != nil || len(b.Entries) != 1 || b.Entries[0].ID != own {
			t.Errorf("Read: %v, error %v; want entry %d, not %d", b, err, own, again)
		}
	})
}

// A key lives from its last use.
func TestKeysAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := tester{t, eventlog.NewMemory(eventlog.Retention{})}
		key := func(name string) *eventlog.Key { return &eventlog.Key{Name: name} }
		open := key("open")
		first, last := m.keyed(own("a"), key("k"), "{}"), m.keyed(own("a"), open, "{}")
		time.Sleep(eventlog.KeyLife)
		if again := m.keyed(own("a"), key("k"), "{}"); again != first {
			t.Error("a key was forgotten within its life")
		}
		time.Sleep(time.Second)
		if again := m.keyed(own("a"), key("k"), "{}"); again != first {
			t.Error("a repetition did not renew a key")
		}
		err := m.log.Append(t.Context(), own("a"), open, []eventlog.Entry{{Name: "content", Data: []byte("{}")}})
		if !errors.Is(err, eventlog.ErrKeyForgotten) || m.end() != last {
			t.Errorf("Append behind a forgotten key: error %v, and the log ends at %d, want %v and %d", err, m.end(), eventlog.ErrKeyForgotten, last)
		}
		time.Sleep(eventlog.KeyLife + 1)
		if again := m.keyed(own("a"), key("k"), "{}"); again == first {
			t.Error("a key outlived its life")
		}
	})
}
