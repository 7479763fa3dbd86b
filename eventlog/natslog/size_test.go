package natslog_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/natslog"
	"github.com/mixstream/mixstream/internal/natstest"
)

// What the NATS server would not take is refused before anything is made of it, also if
// only the record that it is noted in first is too large.
func TestTooLarge(t *testing.T) {
	ns := natstest.Start(t, nil)
	m := tester{t, mustOpen(t, natslog.Options{URL: ns.ClientURL()})}
	m.append(own("there"), 1)
	for name, size := range map[string]int{"the record": 900 << 10, "the entry": 2 << 20} {
		e := eventlog.Entry{Name: "content", Data: bytes.Repeat([]byte("x"), size)}
		calls := map[string]error{
			"Create": m.log.Create(t.Context(), own("a"), &e),
			"Delete": m.log.Delete(t.Context(), "there", &e, time.Hour),
		}
		if name == "the entry" {
			calls["Append"] = m.log.Append(t.Context(), own("a"), nil, []eventlog.Entry{e})
		}
		for call, err := range calls {
			if !errors.Is(err, eventlog.ErrEntryTooLarge) {
				t.Errorf("%s is too large for %s: %v", name, call, err)
			}
			if n := strings.Count(err.Error(), "natslog: "); n != 1 {
				t.Errorf("%s is too large for %s: %d prefixes: %v", name, call, n, err)
			}
		}
		if _, err := m.log.Lookup(t.Context(), "a"); !errors.Is(err, eventlog.ErrSessionNotFound) {
			t.Errorf("the refused call has made a session: %v", err)
		}
	}
	m.append(own("there"), 1)
}

// The ids of an entry that is trimmed already are still those of its key.
func TestKeyOfTrimmedEntry(t *testing.T) {
	m := newTester(t, natslog.Retention{Entries: 10})
	first := m.keyed(own("a"), "k", 1)
	m.append(own("a"), 10)
	if again := m.keyed(own("a"), "k", 1); again[0] != first[0] {
		t.Errorf("got id %d, want %d", again[0], first[0])
	}
}
