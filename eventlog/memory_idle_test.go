package eventlog_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mixstream/mixstream/eventlog"
)

func TestIdleSessionIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := tester{t, eventlog.NewMemory(eventlog.Retention{Idle: time.Hour, Age: -1})}
		start := m.end()
		m.create(own("created"))
		first := m.append(own("a"), "{}")
		m.append(own("active"), "{}")
		followed := m.follow(own("followed"))
		m.append(own("followed"), "{}")
		m.append(own("deleted"), "{}")
		end := m.delete("deleted", 3*time.Hour)
		m.append(own("visited"), "{}")
		time.Sleep(time.Hour / 2)
		active := m.append(own("active"), "{}")
		m.follow(own("visited")).Close()

		time.Sleep(time.Hour / 2)
		for _, id := range []string{"created", "a", "active", "followed", "visited"} {
			m.wantRecord(id, nil)
		}
		m.want(own("a"), start, first)
		time.Sleep(time.Hour/4 + 1)
		for id, want := range map[string]error{"created": eventlog.ErrSessionNotFound, "active": nil, "followed": nil, "visited": nil} {
			m.wantRecord(id, want)
		}
		m.wantRecord("a", nil) // looked at a quarter of an hour ago

		// What "a" still had is gone, and a reader that comes back is told so.
		time.Sleep(time.Hour * 3 / 4)
		m.wantRecord("a", eventlog.ErrSessionNotFound)
		m.wantRecord("active", eventlog.ErrSessionNotFound)
		m.wantRecord("visited", eventlog.ErrSessionNotFound)
		m.wantRecord("followed", nil)
		m.want(own("deleted"), end-1, end) // has its grace period instead
		m.wantGap(own("a"), start)
		m.wantGap(own("active"), active-1)
		m.want(own("active"), active, 0)

		followed.Close()
		time.Sleep(time.Hour)
		m.wantRecord("followed", nil)
		time.Sleep(time.Nanosecond)
		m.wantRecord("followed", eventlog.ErrSessionNotFound)
	})
}

// A forgotten session that is made again tells the gap to readers that were there
// before, and none to others.
func TestForgottenSessionComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := tester{t, eventlog.NewMemory(eventlog.Retention{Idle: time.Hour})}
		scoped := eventlog.Session{ID: "a", Scope: "x"}
		start := m.end()
		created := m.create(scoped)
		last := m.append(scoped, "{}")
		other := m.append(own("other"), "{}")
		time.Sleep(time.Hour + 1)
		again := m.append(scoped, "{}")
		for after := start; after < last; after++ {
			m.wantGap(scoped, after)
		}
		m.want(scoped, other, again)
		if created >= last || again != other+1 {
			t.Errorf("ids %d, %d, %d, %d", created, last, other, again)
		}
		// The old key is another session's.
		if id := m.keyed(scoped, &eventlog.Key{Name: "k"}, "{}"); id != again+1 {
			t.Errorf("got id %d", id)
		}
	})
}

// A log whose sessions are never deleted does not grow forever.
func TestIdleSessionsTakeNoMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := tester{t, eventlog.NewMemory(eventlog.Retention{Idle: time.Minute, Age: time.Second})}
		const rounds, n = 20, 1000
		round := func(i int) {
			for j := range n {
				m.append(eventlog.Session{ID: fmt.Sprint(i, "/", j), Scope: fmt.Sprint(j)}, "{}")
			}
			time.Sleep(time.Minute + 1)
		}
		round(0)
		m.append(own("first"), "{}") // which has the first round forgotten
		grown := m.grown(func() {
			for i := range rounds {
				round(1 + i)
			}
			m.append(own("last"), "{}")
		})
		if grown > 10*rounds*n {
			t.Errorf("%d bytes are left of each of %d sessions", grown/(rounds*n), rounds*n)
		}
		m.wantRecord("last", nil)
	})
}
