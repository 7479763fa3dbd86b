package natslog_test

import (
	"errors"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/natslog"
)

// A session that is idle is forgotten in all processes; one that has a reader in any, or
// entries, is not. One that is made again tells the gap.
func TestIdleSessionIsForgotten(t *testing.T) {
	if !slow() {
		t.Skip("takes 8 s; MIXSTREAM_SLOW=1 runs it")
	}
	ns := startNATS(t, &server.Options{StoreDir: t.TempDir()})
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
