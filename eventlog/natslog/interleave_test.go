package natslog_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/natslog"
	"github.com/mixstream/mixstream/internal/natstest"
)

// stepper dials connections whose writes a test can stop at, to make something happen
// between two requests.
type stepper struct {
	mu    sync.Mutex
	steps int           // writes until the stop; 0: none
	at    chan struct{} // closed at the stop
	goOn  chan struct{}
	dead  bool // the process of the connections has died
}

// stopAt makes the nth write from now wait until goOn is closed.
func (s *stepper) stopAt(n int) (at <-chan struct{}, goOn chan<- struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.steps, s.at, s.goOn = n, make(chan struct{}), make(chan struct{})
	return s.at, s.goOn
}

// before makes something happen before the nth request of a call, and reports whether
// the call makes as many. It returns after the call.
func (s *stepper) before(n int, call, happen func()) (more bool) {
	at, goOn := s.stopAt(n)
	done := make(chan struct{})
	go func() {
		defer close(done)
		call()
	}()
	defer func() { // also if the test is given up
		close(goOn)
		<-done
	}()
	select {
	case <-at:
		happen()
		return true
	case <-done:
		return false
	}
}

// within returns a session with a scope of its own, or in one that is "shared".
func within(scope string, id ...any) eventlog.Session {
	s := own(fmt.Sprint(id...))
	if scope == "shared" {
		s.Scope = "scope of " + s.ID
	}
	return s
}

// die makes the process dead: nothing more of it reaches the server.
func (s *stepper) die() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dead = true
}

func (s *stepper) isDead() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dead
}

func (s *stepper) Dial(network, address string) (net.Conn, error) {
	if s.isDead() {
		return nil, net.ErrClosed
	}
	c, err := net.Dial(network, address)
	return steppedConn{c, s}, err
}

type steppedConn struct {
	net.Conn
	s *stepper
}

func (c steppedConn) Write(b []byte) (int, error) {
	c.s.mu.Lock()
	stop := c.s.steps == 1
	c.s.steps = max(c.s.steps-1, 0)
	at, goOn := c.s.at, c.s.goOn
	c.s.mu.Unlock()
	if stop {
		close(at)
		<-goOn
	}
	if c.s.isDead() {
		c.Close()
		return 0, net.ErrClosed
	}
	return c.Conn.Write(b)
}

// call is one call of a log; it returns the ids of the entries that were appended.
type call func(ctx context.Context, l eventlog.Log, s eventlog.Session) (ids []uint64, err error)

// appendCall appends n entries in one step.
func appendCall(key string, n int) call {
	return func(ctx context.Context, l eventlog.Log, s eventlog.Session) ([]uint64, error) {
		entries := make([]eventlog.Entry, n)
		for i := range entries {
			entries[i] = eventlog.Entry{Name: "content", Data: []byte("{}")}
		}
		err := l.Append(ctx, s, named(key), entries)
		ids := make([]uint64, n)
		for i := range entries {
			ids[i] = entries[i].ID
		}
		return ids, err
	}
}

func createCall(ctx context.Context, l eventlog.Log, s eventlog.Session) ([]uint64, error) {
	e := eventlog.Entry{Name: "session_created", Data: []byte("{}")}
	err := l.Create(ctx, s, &e)
	return []uint64{e.ID}, err
}

func deleteCall(grace time.Duration) call {
	return func(ctx context.Context, l eventlog.Log, s eventlog.Session) ([]uint64, error) {
		e := eventlog.Entry{Name: "session_deleted", Data: []byte("{}")}
		err := l.Delete(ctx, s.ID, &e, grace)
		return []uint64{e.ID}, err
	}
}

// Two processes call for one session: what the second does comes as a whole before
// one of the requests that the first makes, each in turn. What was acknowledged is
// there for readers, once, and the end of a session comes last.
func TestInterleaved(t *testing.T) {
	tests := map[string]struct {
		first, second call
		fresh         bool  // the session is not there before
		refused       error // what one of the two may get
		exclusive     bool  // and must get
		same          bool  // both calls are for one entry
	}{
		"append, append":                 {first: appendCall("", 1), second: appendCall("", 1)},
		"append, append, fresh":          {first: appendCall("", 1), second: appendCall("", 1), fresh: true},
		"append, append, one key":        {first: appendCall("k", 1), second: appendCall("k", 1), same: true},
		"append, append, one key, fresh": {first: appendCall("k", 1), second: appendCall("k", 1), fresh: true, same: true},
		"append, delete":                 {first: appendCall("", 1), second: deleteCall(time.Hour), refused: eventlog.ErrSessionDeleted},
		"append with key, delete":        {first: appendCall("k", 1), second: deleteCall(time.Hour), refused: eventlog.ErrSessionDeleted},
		"delete, append":                 {first: deleteCall(time.Hour), second: appendCall("", 1), refused: eventlog.ErrSessionDeleted},
		"delete, delete":                 {first: deleteCall(time.Hour), second: deleteCall(time.Hour), refused: eventlog.ErrSessionDeleted, exclusive: true},
		"create, create":                 {first: createCall, second: createCall, fresh: true, refused: eventlog.ErrSessionExists, exclusive: true},
		"create, append":                 {first: createCall, second: appendCall("", 1), fresh: true, refused: eventlog.ErrSessionExists},
		"append, create":                 {first: appendCall("", 1), second: createCall, fresh: true, refused: eventlog.ErrSessionExists},
		"append 3, append 3":             {first: appendCall("", 3), second: appendCall("", 3)},
		"append 3, append 3, one key":    {first: appendCall("k", 3), second: appendCall("k", 3), same: true},
		"append 3, append 3, fresh":      {first: appendCall("", 3), second: appendCall("", 3), fresh: true},
		"append 3, delete":               {first: appendCall("", 3), second: deleteCall(time.Hour), refused: eventlog.ErrSessionDeleted},
		"delete, append 3":               {first: deleteCall(time.Hour), second: appendCall("", 3), refused: eventlog.ErrSessionDeleted},
	}
	ns := natstest.Start(t, nil)
	steps := &stepper{}
	one := mustOpen(t, natslog.Options{URL: ns.ClientURL(), Connection: []nats.Option{nats.SetCustomDialer(steps)}})
	other := mustOpen(t, natslog.Options{URL: ns.ClientURL()})
	for name, test := range tests {
		for _, scope := range []string{"own", "shared"} {
			t.Run(name+"/"+scope, func(t *testing.T) {
				other := tester{t, other}
				for n, more := 1, true; more; n++ {
					s := within(scope, name, scope, n)
					r := other.follow(s)
					_, start := r.bounds()
					var acknowledged []uint64
					if !test.fresh {
						acknowledged = append(acknowledged, other.create(s))
					}
					refused := 0
					note := func(which string, ids []uint64, err error) {
						switch {
						case err == nil:
							acknowledged = append(acknowledged, ids...)
						case test.refused != nil && errors.Is(err, test.refused):
							refused++
						default:
							t.Errorf("request %d: the %s call: %v", n, which, err)
						}
					}
					var ids []uint64
					var err error
					more = steps.before(n, func() { ids, err = test.first(t.Context(), one, s) }, func() {
						ids, err := test.second(t.Context(), other.log, s)
						note("second", ids, err)
					})
					if !more && n < 3 {
						t.Fatalf("the first call makes %d requests only", n-1)
					}
					note("first", ids, err)
					if refused > 1 || test.exclusive && more && refused == 0 {
						t.Errorf("request %d: %d calls refused", n, refused)
					}
					slices.Sort(acknowledged)
					if test.same {
						acknowledged = slices.Compact(acknowledged)
					}
					r.expect(start, acknowledged...)
					record, err := other.log.Lookup(t.Context(), s.ID)
					if err != nil {
						t.Errorf("request %d: Lookup: %v", n, err)
					}
					if end := record.Deleted; end != 0 && end != acknowledged[len(acknowledged)-1] {
						t.Errorf("request %d: acknowledged %d, although the session ended with %d", n, acknowledged, end)
					}
				}
			})
		}
	}
}
