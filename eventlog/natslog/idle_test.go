package natslog_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/natslog"
	"github.com/mixstream/mixstream/internal/natstest"
)

// A session that is idle is forgotten in all processes; one that has a reader in any, or
// entries, is not. One that is made again tells the gap.
func TestIdleSessionIsForgotten(t *testing.T) {
	if !slow() {
		t.Skip("takes 8 s; MIXSTREAM_SLOW=1 runs it")
	}
	ns := natstest.Start(t, nil)
	const idle = 3 * time.Second
	o := natslog.Options{URL: ns.ClientURL(), CheckInterval: 100 * time.Millisecond, Retention: natslog.Retention{Idle: idle}}
	one, other := tester{t, mustOpen(t, o)}, tester{t, mustOpen(t, o)}
	sessions := map[string]eventlog.Session{"own": own("own"), "scoped": {ID: "scoped", Scope: "x"}}
	before := make(map[string][]uint64)
	for name, s := range sessions {
		one.create(s)
		before[name] = one.append(s, 3)
	}
	one.append(own("followed"), 2)
	r := other.follow(own("followed"))
	_, at := r.bounds()
	one.append(own("busy"), 1)
	known := func(m tester, id string) bool {
		_, err := m.log.Lookup(t.Context(), id)
		if err != nil && !errors.Is(err, eventlog.ErrSessionNotFound) {
			t.Fatal(err)
		}
		return err == nil
	}
	busy := 0
	until(t, "the idle sessions are forgotten", func() bool {
		if busy++; busy%20 == 0 {
			one.append(own("busy"), 1)
		}
		return !known(one, "own") && !known(other, "scoped")
	})
	for began := time.Now(); time.Since(began) < idle; time.Sleep(100 * time.Millisecond) {
		one.append(own("busy"), 1)
		if !known(one, "followed") || !known(other, "busy") {
			t.Fatal("a session that was in use is forgotten")
		}
	}
	r.expect(at, one.append(own("followed"), 1)...)
	for name, s := range sessions {
		next := one.append(s, 2) // with what it knew of the session as it was
		f := other.follow(s)
		for _, position := range before[name][:2] {
			f.expectGap(position)
		}
		h := history{position: before[name][0]}
		if err := h.read(t.Context(), f); err != nil || h.gap == 0 || len(h.ids) < 2 || h.ids[len(h.ids)-2] != next[0] {
			t.Errorf("%s: got %d, with a gap up to %d, error %v; want %d", name, h.ids, h.gap, err, next)
		}
	}
}

// A session that was found idle gets an entry, or a reader, in another process, before it is
// forgotten. It is not, or it is made again and a reader of before is told a gap.
func TestIdleSessionIsUsedAgain(t *testing.T) {
	ns := natstest.Start(t, nil)
	other := tester{t, mustOpen(t, natslog.Options{URL: ns.ClientURL(), Retention: natslog.Retention{Idle: 4 * time.Second}})}
	type used struct {
		r    *follower
		from uint64
		ids  []uint64
	}
	var mu sync.Mutex
	sessions, now := make(map[string]*used), make(map[string]*used)
	scopes := map[string]string{"read": "", "read, scoped": "x", "written": "", "written, scoped": "x"}
	m := tester{t, mustOpen(t, natslog.Options{URL: ns.ClientURL(), Retention: natslog.Retention{Idle: time.Second}}.BeforeForgetting(func(id string) {
		mu.Lock()
		defer mu.Unlock()
		u := sessions[id]
		if u == nil {
			return
		}
		s := eventlog.Session{ID: id, Scope: scopes[id]}
		if strings.HasPrefix(id, "read") {
			u.r = other.follow(s)
		} else {
			u.ids = append(u.ids, other.append(s, 1)...)
		}
		delete(sessions, id)
		now[id] = u
	}))}
	for id, scope := range scopes {
		mu.Lock()
		ids := m.append(eventlog.Session{ID: id, Scope: scope}, 2)
		sessions[id] = &used{from: ids[0], ids: ids[1:]}
		mu.Unlock()
	}
	until(t, "the sessions are found idle", func() bool { mu.Lock(); defer mu.Unlock(); return len(sessions) == 0 })
	if err := m.log.(*natslog.Log).Close(); err != nil {
		t.Error(err)
	}
	for id, u := range now {
		s := eventlog.Session{ID: id, Scope: scopes[id]}
		u.ids = append(u.ids, other.append(s, 1)...)
		for _, r := range []*follower{u.r, other.follow(s)} {
			if r != nil {
				r.expect(u.from, u.ids...)
			}
		}
	}
}

// A process dies before one of the requests with which it forgets an idle session, each in turn.
// Another process forgets the session once that has begun.
func TestDiesWhileForgettingIdle(t *testing.T) {
	ns := natstest.Start(t, nil)
	for _, scope := range []string{"own", "shared"} {
		for n := 1; n <= 10; n++ {
			t.Run(fmt.Sprint(scope, n), func(t *testing.T) {
				t.Parallel()
				name := fmt.Sprint(scope, n)
				o := natslog.Options{URL: ns.ClientURL(), Name: name, Prefix: name, CheckInterval: never}
				other, steps := tester{t, mustOpen(t, o)}, &stepper{}
				s := within(scope, name)
				other.append(s, 2)
				died, found := make(chan struct{}), sync.Once{}
				o.Retention.Idle, o.Connection = time.Second, []nats.Option{nats.SetCustomDialer(steps)}
				mustOpen(t, o.BeforeForgetting(func(string) {
					found.Do(func() {
						at, goOn := steps.stopAt(n)
						go func() {
							defer close(goOn)
							select {
							case <-at:
								steps.die()
								close(died)
							case <-t.Context().Done():
							}
						}()
					})
				}))
				select {
				case <-died:
				case <-time.After(5 * time.Second): // to forget took fewer writes: the client joins requests
				}
				forgotten := func() bool {
					_, err := other.log.Lookup(t.Context(), s.ID)
					return errors.Is(err, eventlog.ErrSessionNotFound)
				}
				if n == 1 {
					if forgotten() {
						t.Error("the session is forgotten before any request")
					}
					return
				}
				until(t, "the session is forgotten", forgotten) // the server may take the last request later
			})
		}
	}
}

// A process ends while it forgets an idle session. Another one brings that to its end, but not if
// something has come meanwhile.
func TestIdleSessionIsHalfForgotten(t *testing.T) {
	ns := natstest.Start(t, nil)
	l := mustOpen(t, natslog.Options{URL: ns.ClientURL()})
	m, op := tester{t, l}, operate(t, ns.ClientURL())
	for _, s := range []eventlog.Session{own("own"), {ID: "scoped", Scope: "x"}} {
		for _, used := range []bool{true, false} {
			ids := m.append(s, 2)
			records, err := op.Stream(t.Context(), l.RecordStream())
			if err != nil {
				t.Fatal(err)
			}
			stored, err := records.GetLastMsgForSubject(t.Context(), l.RecordSubject(s.ID))
			if err != nil {
				t.Fatal(err)
			}
			var record map[string]any
			if err := json.Unmarshal(stored.Data, &record); err != nil {
				t.Fatal(err)
			}
			record["state"], record["as_of"], record["idle"] = "deleting", ids[1], true
			record["entry"] = map[string]string{"name": "", "data": ""}
			data, err := json.Marshal(record)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := op.Publish(t.Context(), l.RecordSubject(s.ID), data); err != nil {
				t.Fatal(err)
			}
			if used {
				ids = append(ids, m.append(s, 1)...) // its place is known, and it looks at no record
			}
			_, err = l.Lookup(t.Context(), s.ID)
			if used && err != nil || !used && !errors.Is(err, eventlog.ErrSessionNotFound) {
				t.Errorf("%s, used=%v: Lookup: %v", s.ID, used, err)
			}
			if used {
				m.follow(s).expect(ids[0], ids[1:]...)
			}
		}
	}
}
