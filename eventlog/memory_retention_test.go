package eventlog_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/mixstream/mixstream/eventlog"
)

// By default a session keeps 10,000 entries for an hour.
func TestRetentionByDefault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := tester{t, eventlog.NewMemory(eventlog.Retention{})}
		start := m.end()
		first := m.append(own("a"), "{}")
		for range 9_999 {
			m.append(own("a"), "{}")
		}
		time.Sleep(time.Hour)
		m.want(own("a"), start, first)
		last := m.append(own("a"), "{}")
		m.wantGap(own("a"), start)
		m.want(own("a"), first, first+1)
		time.Sleep(time.Second)
		m.want(own("a"), last-1, last)
		m.wantGap(own("a"), last-2)
	})
}

// By default a session keeps 16 MiB, and the log 256 MiB.
func TestRetentionInBytesByDefault(t *testing.T) {
	m := tester{t, eventlog.NewMemory(eventlog.Retention{})}
	// All entries share one array, so that the test does not hold what it counts.
	data := make([]byte, 1<<20-len("content")-100)
	appendTo := func(s eventlog.Session) uint64 {
		e := []eventlog.Entry{{Name: "content", Data: data}}
		if err := m.log.Append(t.Context(), s, nil, e); err != nil {
			t.Fatal(err)
		}
		return e[0].ID
	}
	start := m.end()
	all := sessions(16)
	first := make([]uint64, len(all))
	for i, s := range all {
		first[i] = appendTo(s)
		for range 15 {
			appendTo(s)
		}
	}
	for i, s := range all {
		m.want(s, start, first[i])
	}
	appendTo(all[3])
	m.wantGap(all[3], start) // the session's oldest has gone, and so no other's
	m.want(all[0], start, first[0])
	appendTo(own("one more"))
	m.wantGap(all[0], start)
	m.want(all[1], start, first[1])
}
