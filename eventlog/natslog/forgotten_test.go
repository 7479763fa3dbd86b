package natslog_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/natslog"
	"github.com/mixstream/mixstream/internal/natstest"
)

func lookupCall(ctx context.Context, l eventlog.Log, s eventlog.Session) ([]uint64, error) {
	_, err := l.Lookup(ctx, s.ID)
	return nil, err
}

// A session is deleted, forgotten, and perhaps made again before one of the requests
// of another process's call, each in turn; or it was deleted before, and is forgotten
// there. What is acknowledged after the end of the first session is there for readers,
// once, and nothing else is.
func TestForgottenWithinCall(t *testing.T) {
	tests := map[string]struct {
		call    call
		refused error // what the call may get
	}{
		"append":      {call: appendCall("", 1)},
		"append 3":    {call: appendCall("", 3)},
		"append, key": {call: appendCall("k", 1)},
		"create":      {call: createCall, refused: eventlog.ErrSessionExists},
		"lookup":      {call: lookupCall, refused: eventlog.ErrSessionNotFound},
	}
	ns := natstest.Start(t, nil)
	steps := &stepper{}
	one := mustOpen(t, natslog.Options{URL: ns.ClientURL(), Connection: []nats.Option{nats.SetCustomDialer(steps)}})
	other := mustOpen(t, natslog.Options{URL: ns.ClientURL()})
	for name, test := range tests {
		for _, scope := range []string{"own", "shared"} {
			for _, before := range []bool{false, true} {
				for _, again := range []bool{false, true} {
					f := forgetting{test.call, test.refused, before, again}
					t.Run(fmt.Sprintf("%s/%s/deleted before %v/again %v", name, scope, before, again), func(t *testing.T) {
						for n, more := 1, true; more; n++ {
							s := within(scope, "forgotten ", name, scope, before, again, n)
							more = f.at(n, steps, tester{t, one}, tester{t, other}, s)
						}
					})
				}
			}
		}
	}
}

// forgetting is a call within which another process makes the log forget the session.
type forgetting struct {
	call    call
	refused error // what the call may get
	before  bool  // the session was deleted before the call
	again   bool  // and is made again within it
}

// at makes that happen before the nth request of the call, and reports whether the call
// makes as many.
func (f forgetting) at(n int, steps *stepper, one, other tester, s eventlog.Session) (more bool) {
	t := one.T
	other.create(s)
	other.append(s, 2)
	var end uint64
	if f.before {
		end = other.delete(s.ID, 0)
	}
	var acknowledged, ids []uint64
	var err error
	more = steps.before(n, func() { ids, err = f.call(t.Context(), one.log, s) }, func() {
		if !f.before {
			end = other.delete(s.ID, 0)
		}
		if _, err := other.log.Lookup(t.Context(), s.ID); err != nil && !errors.Is(err, eventlog.ErrSessionNotFound) {
			t.Errorf("request %d: Lookup: %v", n, err)
		}
		if f.again {
			acknowledged = other.append(s, 2)
		}
	})
	switch {
	case err == nil:
		acknowledged = append(acknowledged, ids...)
	case f.refused == nil || !errors.Is(err, f.refused):
		t.Errorf("request %d: %v", n, err)
	}
	if !more {
		return false
	}
	acknowledged = append(acknowledged, one.append(s, 1)...)
	acknowledged = append(acknowledged, other.append(s, 1)...)
	want := slices.DeleteFunc(acknowledged, func(id uint64) bool { return id <= end })
	slices.Sort(want)
	for _, m := range []tester{one, other} {
		r := m.follow(s)
		if floor, _ := r.bounds(); floor >= want[0] {
			t.Errorf("request %d: the floor is %d, above %d", n, floor, want[0])
		}
		r.expect(end, want...)
	}
	if _, err := other.log.Lookup(t.Context(), s.ID); err != nil {
		t.Errorf("request %d: Lookup: %v", n, err)
	}
	return true
}

// An append that was refused, to a session without entries of its own, leaves the
// process without what tells that the session is gone.
func TestForgottenAfterRefusal(t *testing.T) {
	ns := natstest.Start(t, nil)
	one := tester{t, mustOpen(t, natslog.Options{URL: ns.ClientURL()})}
	other := tester{t, mustOpen(t, natslog.Options{URL: ns.ClientURL()})}
	s := eventlog.Session{ID: "a", Scope: "x"}
	other.create(s)
	large := []eventlog.Entry{{Name: "content", Data: make([]byte, 2<<20)}}
	if err := one.log.Append(t.Context(), s, nil, large); !errors.Is(err, eventlog.ErrEntryTooLarge) {
		t.Fatal(err)
	}
	end := other.forget(s)
	ids := one.append(s, 1)
	if _, err := other.log.Lookup(t.Context(), "a"); err != nil {
		t.Error(err)
	}
	other.follow(s).expect(end, ids...)
}
