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
		// In another order than that of their ends.
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
