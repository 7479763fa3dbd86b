package eventlog_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mixstream/mixstream/eventlog"
)

// cost is what an entry of the tester counts towards the limits in bytes beside
// its data: its name and 100.
const cost = int64(len("content") + 100)

func TestRetentionByEntries(t *testing.T) {
	m := tester{t, eventlog.NewMemory(eventlog.Retention{Entries: 3})}
	start := m.end()
	var ids []uint64
	for range 3 {
		ids = append(ids, m.append(own("a"), "{}"))
	}
	m.want(own("a"), start, ids[0])
	ids = append(ids, m.append(own("a"), "{}"))
	m.wantGap(own("a"), start)
	m.want(own("a"), ids[0], ids[1])
	if floor, end := m.bounds(own("a")); floor != ids[0] || end != ids[3] {
		t.Errorf("Bounds: %d to %d, want %d to %d", floor, end, ids[0], ids[3])
	}

	// More at once than are retained.
	entries := make([]eventlog.Entry, 10)
	if err := m.log.Append(t.Context(), own("a"), nil, entries); err != nil {
		t.Fatalf("Append: %v", err)
	}
	m.wantGap(own("a"), entries[5].ID)
	m.want(own("a"), entries[6].ID, entries[7].ID)
}

func TestRetentionByBytes(t *testing.T) {
	m := tester{t, eventlog.NewMemory(eventlog.Retention{Bytes: 3 * (cost + 50)})}
	data := strings.Repeat("x", 50)
	start := m.end()
	var ids []uint64
	for range 3 {
		ids = append(ids, m.append(own("a"), data))
	}
	m.want(own("a"), start, ids[0])
	ids = append(ids, m.append(own("a"), "x"))
	m.wantGap(own("a"), start)
	m.want(own("a"), ids[0], ids[1])

	// The newest stays, however large it is.
	big := m.append(own("a"), strings.Repeat("x", 1000))
	m.wantGap(own("a"), ids[2])
	m.want(own("a"), ids[3], big)
}

func TestRetentionByTotalBytes(t *testing.T) {
	m := tester{t, eventlog.NewMemory(eventlog.Retention{TotalBytes: 10 * (cost + 2)})}
	start := m.end()
	all := sessions(12)
	var ids []uint64
	for _, s := range all {
		ids = append(ids, m.append(s, "{}"))
	}
	// The oldest go, whosever they are.
	for i, s := range all {
		if i < 2 {
			m.wantGap(s, start)
			m.want(s, ids[i], 0)
		} else {
			m.want(s, start, ids[i])
		}
	}
	big := m.append(all[0], strings.Repeat("x", 5000))
	for i, s := range all[1:] {
		m.wantGap(s, start)
		m.want(s, ids[i+1], 0)
	}
	m.want(all[0], ids[0], big)
}

func TestRetentionByAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := tester{t, eventlog.NewMemory(eventlog.Retention{Age: time.Minute})}
		start := m.end()
		first, other := m.append(own("a"), "{}"), m.create(eventlog.Session{ID: "b", Scope: "x"})
		time.Sleep(40 * time.Second)
		second := m.append(own("a"), "{}")
		time.Sleep(20 * time.Second)
		m.want(own("a"), start, first) // exactly of that age

		time.Sleep(time.Second)
		m.wantGap(own("a"), start)
		m.want(own("a"), first, second)
		m.wantGap(eventlog.Session{ID: "c", Scope: "x"}, start)
		m.want(eventlog.Session{ID: "c", Scope: "x"}, other, 0)

		// The marks and the records outlive the entries.
		time.Sleep(24 * time.Hour)
		m.wantGap(own("a"), first)
		m.want(own("a"), second, 0)
		m.wantRecord("a", nil)
		m.wantRecord("b", nil)
		m.want(eventlog.Session{ID: "c", Scope: "x"}, other, 0)
	})
}

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
	data := make([]byte, 1<<20-cost)
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
