package eventlog_test

import (
	"bytes"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mixstream/mixstream/eventlog"
)

// grown returns by how many bytes a run makes the heap grow that the log holds.
func (m tester) grown(run func()) int64 {
	before := heap()
	run()
	grown := heap() - before
	runtime.KeepAlive(m.log)
	return grown
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return int64(s.HeapAlloc)
}

// A session that trims itself for hours leaves nothing of what it trimmed, with
// other sessions' entries standing before and between.
func TestBusySessionIsBounded(t *testing.T) {
	const entries, data = 100, 500
	m := tester{t, eventlog.NewMemory(eventlog.Retention{Entries: entries})}
	grown := m.grown(func() {
		m.append(own("quiet"), "{}")
		for i := range 50_000 {
			m.append(own("busy"), string(make([]byte, data)))
			if i%10_000 == 0 {
				m.append(own("quiet"), "{}")
			}
		}
	})
	if limit := int64(2*entries*(data+100) + 1<<17); grown > limit {
		t.Errorf("the log has grown by %d bytes, want %d at most", grown, limit)
	}
}

// Entries that were large are released though what stands behind them is small
// and many.
func TestLargeEntriesAreReleased(t *testing.T) {
	const sessions, large, small = 20, 8, 1000
	m := tester{t, eventlog.NewMemory(eventlog.Retention{Entries: small})}
	grown := m.grown(func() {
		for i := range sessions {
			s := own(fmt.Sprint(i))
			for range large {
				m.append(s, string(make([]byte, 1<<18)))
			}
			for range small {
				m.append(s, "{}")
			}
		}
	})
	if limit := int64(2 * sessions * small * 110); grown > limit {
		t.Errorf("the log has grown by %d bytes, want %d at most", grown, limit)
	}
}

// What is over its age or its total is released, also in sessions that are not
// written to any more.
func TestTrimmedSessionsAreReleased(t *testing.T) {
	const total = 1 << 20
	for name, r := range map[string]eventlog.Retention{
		"age":   {Age: time.Minute, TotalBytes: -1},
		"total": {Age: -1, TotalBytes: total},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := tester{t, eventlog.NewMemory(r)}
				grown := m.grown(func() {
					for i := range 20 {
						for j := range 1000 {
							m.append(own(fmt.Sprint(i)), string(bytes.Repeat([]byte("x"), j)))
						}
					}
					for i := range 50 {
						m.append(own(fmt.Sprint("once ", i)), string(make([]byte, 1<<14)))
					}
					time.Sleep(time.Hour)
					m.append(own("b"), "{}")
				})
				limit := int64(1 << 17)
				if r.TotalBytes > 0 {
					limit += 2 * total
				}
				if grown > limit {
					t.Errorf("the log has grown by %d bytes, want %d at most", grown, limit)
				}
			})
		})
	}
}

// The limit of the whole log holds for small entries as well, although most of such an
// entry is not its data.
func TestSmallEntriesAreBounded(t *testing.T) {
	const total = 8 << 20
	m := tester{t, eventlog.NewMemory(eventlog.Retention{TotalBytes: total})}
	grown := m.grown(func() {
		for _, s := range sessions(100) {
			for range 2000 {
				m.append(s, "{}")
			}
		}
	})
	if grown > 2*total {
		t.Errorf("the log has grown by %d bytes, want %d at most", grown, 2*total)
	}
	if grown < total/4 {
		t.Errorf("the log has grown by %d bytes, which is much less than %d", grown, total)
	}
}

// Reading and following sessions that do not exist costs nothing afterwards.
func TestFollowedSessionsLeaveNothing(t *testing.T) {
	m := tester{t, eventlog.NewMemory(eventlog.Retention{})}
	grown := m.grown(func() {
		var open []eventlog.Reader
		for i := range 100_000 {
			id := fmt.Sprint(i)
			open = append(open, m.follow(eventlog.Session{ID: id, Scope: "of " + id}))
			if len(open) == 100 {
				for _, r := range open {
					r.Close()
				}
				open = open[:0]
			}
		}
	})
	if grown > 1<<17 {
		t.Errorf("the log has grown by %d bytes", grown)
	}
}

func TestForgottenSessionsLeaveNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := tester{t, eventlog.NewMemory(eventlog.Retention{})}
		grown := m.grown(func() {
			for i := range 50_000 {
				s := eventlog.Session{ID: fmt.Sprint(i), Scope: fmt.Sprint("of ", i%20_000)}
				m.create(s)
				m.keyed(s, &eventlog.Key{Name: "k"}, "{}")
				m.delete(s.ID, time.Second)
				if i%100 == 0 {
					time.Sleep(time.Second)
				}
			}
			time.Sleep(5 * time.Minute)
			m.append(own("last"), "{}")
		})
		if grown > 1<<20 {
			t.Errorf("the log has grown by %d bytes", grown)
		}
	})
}

// A key takes the memory of one key, however often it is used within its life.
func TestKeyUsedOften(t *testing.T) {
	m := tester{t, eventlog.NewMemory(eventlog.Retention{Entries: 1})}
	key := &eventlog.Key{Name: "k"}
	grown := m.grown(func() {
		for range 50_000 {
			m.keyed(own("a"), key, "{}")
		}
	})
	if grown > 1<<16 {
		t.Errorf("the log has grown by %d bytes", grown)
	}
}
