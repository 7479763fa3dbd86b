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
	dead  bool // whose it is has died
}

// stopAt has the nth write from now wait until goOn is closed.
func (s *stepper) stopAt(n int) (at <-chan struct{}, goOn chan<- struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.steps, s.at, s.goOn = n, make(chan struct{}), make(chan struct{})
	return s.at, s.goOn
}

// die has nothing more of whose it is reach anybody.
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
		err := l.Append(ctx, s, key, entries)
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
	ns := startNATS(t, &server.Options{StoreDir: t.TempDir()})
	steps := &stepper{}
	one := mustOpen(t, natslog.Options{URL: ns.ClientURL(), Connection: []nats.Option{nats.SetCustomDialer(steps)}})
	other := mustOpen(t, natslog.Options{URL: ns.ClientURL()})
	for name, test := range tests {
		for _, scope := range []string{"own", "shared"} {
			t.Run(name+"/"+scope, func(t *testing.T) {
				other := tester{t, other}
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
					at, goOn := steps.stopAt(n)
					var ids []uint64
					var err error
					done := make(chan struct{})
					go func() {
						ids, err = test.first(t.Context(), one, s)
						close(done)
					}()
					select {
					case <-at:
						ids, err := test.second(t.Context(), other.log, s)
						note("second", ids, err)
					case <-done:
						more = false // it makes no more requests
						if n < 3 {
							t.Fatalf("the first call makes %d requests only", n-1)
						}
					}
					close(goOn)
					<-done
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
	ns := startNATS(t, &server.Options{StoreDir: t.TempDir()})
	steps := &stepper{}
	one := mustOpen(t, natslog.Options{URL: ns.ClientURL(), Connection: []nats.Option{nats.SetCustomDialer(steps)}})
	other := mustOpen(t, natslog.Options{URL: ns.ClientURL()})
	for name, test := range tests {
		for _, scope := range []string{"own", "shared"} {
			for _, before := range []bool{false, true} {
				for _, again := range []bool{false, true} {
					t.Run(fmt.Sprintf("%s/%s/deleted before %v/again %v", name, scope, before, again), func(t *testing.T) {
						one, other := tester{t, one}, tester{t, other}
						for n, more := 1, true; more; n++ {
							s := own(fmt.Sprint("forgotten ", name, scope, before, again, n))
							if scope == "shared" {
								s.Scope = "scope of " + s.ID
							}
							other.create(s)
							other.append(s, 2)
							var end uint64
							if before {
								end = other.delete(s.ID, 0)
							}
							at, goOn := steps.stopAt(n)
							var acknowledged []uint64
							var ids []uint64
							var err error
							done := make(chan struct{})
							go func() {
								ids, err = test.call(t.Context(), one.log, s)
								close(done)
							}()
							select {
							case <-at:
								if !before {
									end = other.delete(s.ID, 0)
								}
								if _, err := other.log.Lookup(t.Context(), s.ID); err != nil && !errors.Is(err, eventlog.ErrSessionNotFound) {
									t.Errorf("request %d: Lookup: %v", n, err)
								}
								if again {
									acknowledged = other.append(s, 2)
								}
							case <-done:
								more = false // it makes no more requests
							}
							close(goOn)
							<-done
							switch {
							case err == nil:
								acknowledged = append(acknowledged, ids...)
							case test.refused == nil || !errors.Is(err, test.refused):
								t.Errorf("request %d: %v", n, err)
							}
							if !more {
								continue
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
						}
					})
				}
			}
		}
	}
}

// An append that was refused, to a session without entries of its own, leaves the
// process without what tells that the session is gone.
func TestForgottenAfterRefusal(t *testing.T) {
	ns := startNATS(t, &server.Options{StoreDir: t.TempDir()})
	one := tester{t, mustOpen(t, natslog.Options{URL: ns.ClientURL()})}
	other := tester{t, mustOpen(t, natslog.Options{URL: ns.ClientURL()})}
	s := eventlog.Session{ID: "a", Scope: "x"}
	other.create(s)
	large := []eventlog.Entry{{Name: "content", Data: make([]byte, 2<<20)}}
	if err := one.log.Append(t.Context(), s, "", large); !errors.Is(err, eventlog.ErrEntryTooLarge) {
		t.Fatal(err)
	}
	end := other.delete("a", 0)
	if _, err := other.log.Lookup(t.Context(), "a"); !errors.Is(err, eventlog.ErrSessionNotFound) {
		t.Fatal(err)
	}
	ids := one.append(s, 1)
	if _, err := other.log.Lookup(t.Context(), "a"); err != nil {
		t.Error(err)
	}
	other.follow(s).expect(end, ids...)
}

// death is a call that a process dies in.
type death struct {
	call     call
	contents int  // events "content" that it appends
	fresh    bool // the session is not there before
}

// A process dies before one of the requests that its call makes, each in turn. What
// others are acknowledged afterwards is there for readers, once; so is what it has left
// half done, or it never was.
func TestDiesWithinCall(t *testing.T) {
	ns := startNATS(t, &server.Options{StoreDir: t.TempDir()})
	other := mustOpen(t, natslog.Options{URL: ns.ClientURL()})
	for name, test := range map[string]death{
		"append":          {call: appendCall("", 1), contents: 1},
		"append, fresh":   {call: appendCall("", 1), contents: 1, fresh: true},
		"append, key":     {call: appendCall("k", 1), contents: 1},
		"append 3":        {call: appendCall("", 3), contents: 3},
		"append 3, fresh": {call: appendCall("", 3), contents: 3, fresh: true},
		"create":          {call: createCall, fresh: true},
		"delete":          {call: deleteCall(time.Hour)},
	} {
		for _, scope := range []string{"own", "shared"} {
			t.Run(name+"/"+scope, func(t *testing.T) {
				t.Parallel()
				for n, more := 1, true; more; n++ {
					s := own(fmt.Sprint("dies ", name, scope, n))
					if scope == "shared" {
						s.Scope = "scope of " + s.ID
					}
					more = test.at(n, ns.ClientURL(), tester{t, other}, s)
					if !more && n < 3 {
						t.Fatalf("the call makes %d requests only", n-1)
					}
				}
			})
		}
	}
}

// at has a process die before the nth request of its call, and tells whether the call
// makes as many.
func (d death) at(n int, url string, other tester, s eventlog.Session) bool {
	t := other.T
	before := other.follow(s)
	_, start := before.bounds()
	before.Close()
	steps := &stepper{}
	one := mustOpen(t, natslog.Options{URL: url, Connection: []nats.Option{nats.SetCustomDialer(steps)}})
	var acknowledged []uint64
	if !d.fresh {
		acknowledged = append(acknowledged, other.create(s))
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	at, goOn := steps.stopAt(n)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if ids, err := d.call(ctx, one, s); err == nil {
			acknowledged = append(acknowledged, ids...)
		}
	}()
	select {
	case <-at:
		steps.die()
		cancel()
		close(goOn)
		<-done
	case <-done:
		close(goOn)
		return false // it makes no more requests
	}

	later := 0
	ids, err := appendCall("", 1)(t.Context(), other.log, s)
	switch {
	case err == nil:
		acknowledged = append(acknowledged, ids...)
		later = 1
	case !errors.Is(err, eventlog.ErrSessionDeleted):
		t.Errorf("request %d: Append: %v", n, err)
	}
	record, err := other.log.Lookup(t.Context(), s.ID)
	if err != nil {
		t.Errorf("request %d: Lookup: %v", n, err)
	}
	if record.Deleted != 0 {
		acknowledged = append(acknowledged, record.Deleted)
	}

	// A new reader, which has not to be woken for what is there.
	r := other.follow(s)
	var got []eventlog.Entry
	_, end := r.bounds()
	for position := start; position < end; {
		b, err := r.Read(t.Context(), position, 1<<20)
		if err != nil {
			t.Fatalf("request %d: Read(%d): %v", n, position, err)
		}
		got, position = append(got, b.Entries...), b.Position
	}
	times := make(map[string]int)
	for i, e := range got {
		times[e.Name]++
		if i > 0 && e.ID <= got[i-1].ID {
			t.Errorf("request %d: entry %d after %d", n, e.ID, got[i-1].ID)
		}
	}
	for _, id := range acknowledged {
		if !slices.ContainsFunc(got, func(e eventlog.Entry) bool { return e.ID == id }) {
			t.Errorf("request %d: entry %d was acknowledged, and is not there", n, id)
		}
	}
	of := times["content"] - later // of the call: all, or none
	if times["session_created"] > 1 || times["session_deleted"] > 1 || of != 0 && of != d.contents {
		t.Errorf("request %d: %v", n, times)
	}
	if end := record.Deleted; (end != 0) != (times["session_deleted"] == 1) || end != 0 && got[len(got)-1].ID != end {
		t.Errorf("request %d: the session ended with %d: %v", n, end, times)
	}
	return true
}
