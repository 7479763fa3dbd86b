package natslog_test

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/natslog"
	"github.com/mixstream/mixstream/internal/natstest"
)

// Something happens to a session before one of the requests with which another process
// opens a reader and reads, each in turn. The reader meets each entry once and in
// order, or is told that it may have missed some.
func TestReadInterleaved(t *testing.T) {
	tests := map[string]struct {
		change func(m tester, s eventlog.Session) (ids []uint64)
		gap    bool // some may be missing
	}{
		"append":   {change: func(m tester, s eventlog.Session) []uint64 { return m.append(s, 1) }},
		"append 3": {change: func(m tester, s eventlog.Session) []uint64 { return m.append(s, 3) }},
		"another session": {change: func(m tester, s eventlog.Session) []uint64 {
			ids := []uint64{m.create(eventlog.Session{ID: "other " + s.ID, Scope: s.Scope})}
			if s.Scope == "" {
				return nil
			}
			return ids
		}},
		"delete":      {change: func(m tester, s eventlog.Session) []uint64 { return []uint64{m.delete(s.ID, time.Hour)} }},
		"forget":      {change: func(m tester, s eventlog.Session) []uint64 { return []uint64{m.forget(s)} }, gap: true},
		"make again":  {change: func(m tester, s eventlog.Session) []uint64 { return append([]uint64{m.forget(s)}, m.append(s, 2)...) }, gap: true},
		"trim all":    {change: func(m tester, s eventlog.Session) []uint64 { return m.append(s, entriesRetained) }, gap: true},
		"trim a part": {change: func(m tester, s eventlog.Session) []uint64 { return m.append(s, entriesRetained/2) }, gap: true},
	}
	ns := natstest.Start(t, nil)
	steps := &stepper{}
	retention := natslog.Retention{Entries: entriesRetained}
	one := mustOpen(t, natslog.Options{URL: ns.ClientURL(), Retention: retention, Connection: []nats.Option{nats.SetCustomDialer(steps)}})
	other := mustOpen(t, natslog.Options{URL: ns.ClientURL(), Retention: retention})
	for name, test := range tests {
		for _, scope := range []string{"own", "shared"} {
			t.Run(name+"/"+scope, func(t *testing.T) {
				other := tester{t, other}
				for n, more := 1, true; more; n++ {
					s := within(scope, "read ", name, scope, n)
					first := other.follow(s)
					_, start := first.bounds()
					want := append([]uint64{other.create(s)}, other.append(s, 5)...)

					h := history{position: start}
					var r *follower
					var err error
					more = steps.before(n, func() {
						if r, err = (tester{t, one}).open(s); err == nil {
							err = h.read(t.Context(), r)
						}
					}, func() { want = append(want, test.change(other, s)...) })
					if !more && n < 3 {
						t.Fatalf("a reader makes %d requests only", n-1)
					}
					if err != nil {
						t.Fatalf("request %d: %v", n, err)
					}
					if name != "delete" {
						want = append(want, other.append(s, 1)...) // which wakes the reader
					}
					h.meet(t, r, want)
					r.Close()
					if h.gap != 0 && !(test.gap && more) {
						t.Errorf("request %d: a gap up to %d", n, h.gap)
					}
					if t.Failed() {
						t.Fatalf("request %d", n)
					}
				}
			})
		}
	}
}

// entriesRetained is how many entries of a subject the log of TestReadInterleaved has.
const entriesRetained = 12
