package eventlog_test

import (
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/logtest"
)

func TestMemory(t *testing.T) {
	logtest.Run(t, func(t *testing.T, o logtest.Options) eventlog.Log {
		return eventlog.NewMemory(eventlog.Retention{Entries: o.Entries})
	})
}

// All limits at once, the least that the suite does with.
func TestMemoryWithSmallRetention(t *testing.T) {
	logtest.Run(t, func(t *testing.T, o logtest.Options) eventlog.Log {
		r := eventlog.Retention{Entries: o.Entries, Bytes: 1 << 20, TotalBytes: 2 << 20, Age: time.Minute, Idle: time.Minute}
		if r.Entries == 0 {
			r.Entries = 5000
		}
		return eventlog.NewMemory(r)
	})
}

func TestMemoryUnlimited(t *testing.T) {
	m := tester{t, eventlog.NewMemory(eventlog.Retention{Entries: -1, Bytes: -1, Age: -1, TotalBytes: -1, Idle: -1})}
	start := m.end()
	first := m.append(own("a"), "first")
	for range 20_000 {
		m.append(own("a"), "more")
	}
	m.want(own("a"), start, first)
}
