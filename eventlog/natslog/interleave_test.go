package natslog_test

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/natslog"
)

// stepper dials connections whose writes can be stopped at, so that a test can have
// something happen between two requests.
type stepper struct {
	mu    sync.Mutex
	steps int           // writes until the stop; 0: none
	at    chan struct{} // closed at the stop
	goOn  chan struct{}
}

// stopAt has the nth write from now wait until goOn is closed.
func (s *stepper) stopAt(n int) (at <-chan struct{}, goOn chan<- struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.steps, s.at, s.goOn = n, make(chan struct{}), make(chan struct{})
	return s.at, s.goOn
}

func (s *stepper) Dial(network, address string) (net.Conn, error) {
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
	return c.Conn.Write(b)
}

// call is one call of a log; it returns the id of the entry that was appended.
type call func(m tester, s eventlog.Session) (id uint64, err error)

func appendCall(key string) call {
	return func(m tester, s eventlog.Session) (uint64, error) {
		e := []eventlog.Entry{{Name: "content", Data: []byte("{}")}}
		err := m.log.Append(m.Context(), s, key, e)
		return e[0].ID, err
	}
}

func createCall(m tester, s eventlog.Session) (uint64, error) {
	e := eventlog.Entry{Name: "session_created", Data: []byte("{}")}
	err := m.log.Create(m.Context(), s, &e)
	return e.ID, err
}

func deleteCall(m tester, s eventlog.Session) (uint64, error) {
	e := eventlog.Entry{Name: "session_deleted", Data: []byte("{}")}
	err := m.log.Delete(m.Context(), s.ID, &e, time.Hour)
	return e.ID, err
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
		"append, append":                 {first: appendCall(""), second: appendCall("")},
		"append, append, fresh":          {first: appendCall(""), second: appendCall(""), fresh: true},
		"append, append, one key":        {first: appendCall("k"), second: appendCall("k"), same: true},
		"append, append, one key, fresh": {first: appendCall("k"), second: appendCall("k"), fresh: true, same: true},
		"append, delete":                 {first: appendCall(""), second: deleteCall, refused: eventlog.ErrSessionDeleted},
		"append with key, delete":        {first: appendCall("k"), second: deleteCall, refused: eventlog.ErrSessionDeleted},
		"delete, append":                 {first: deleteCall, second: appendCall(""), refused: eventlog.ErrSessionDeleted},
		"delete, delete":                 {first: deleteCall, second: deleteCall, refused: eventlog.ErrSessionDeleted, exclusive: true},
		"create, create":                 {first: createCall, second: createCall, fresh: true, refused: eventlog.ErrSessionExists, exclusive: true},
		"create, append":                 {first: createCall, second: appendCall(""), fresh: true, refused: eventlog.ErrSessionExists},
		"append, create":                 {first: appendCall(""), second: createCall, fresh: true, refused: eventlog.ErrSessionExists},
	}
	ns := startNATS(t, &server.Options{StoreDir: t.TempDir()})
	steps := &stepper{}
	one := mustOpen(t, natslog.Options{URL: ns.ClientURL(), Connection: []nats.Option{nats.SetCustomDialer(steps)}})
	other := mustOpen(t, natslog.Options{URL: ns.ClientURL()})
	for name, test := range tests {
		for _, scope := range []string{"own", "shared"} {
			t.Run(name+"/"+scope, func(t *testing.T) {
				one, other := tester{t, one}, tester{t, other}
				for n, more := 1, true; more; n++ {
					s := own(fmt.Sprint(name, scope, n))
					if scope == "shared" {
						s.Scope = "scope of " + s.ID
					}
					r := other.follow(s)
					_, start := r.bounds()
					var acknowledged []uint64
					if !test.fresh {
						acknowledged = append(acknowledged, other.create(s))
					}
					refused := 0
					note := func(which string, id uint64, err error) {
						switch {
						case err == nil:
							acknowledged = append(acknowledged, id)
						case test.refused != nil && errors.Is(err, test.refused):
							refused++
						default:
							t.Errorf("request %d: the %s call: %v", n, which, err)
						}
					}
					at, goOn := steps.stopAt(n)
					var id uint64
					var err error
					done := make(chan struct{})
					go func() {
						id, err = test.first(one, s)
						close(done)
					}()
					select {
					case <-at:
						id, err := test.second(other, s)
						note("second", id, err)
					case <-done:
						more = false // it makes no more requests
						if n < 3 {
							t.Fatalf("the first call makes %d requests only", n-1)
						}
					}
					close(goOn)
					<-done
					note("first", id, err)
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
