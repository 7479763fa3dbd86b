package natslog_test

import (
	"bytes"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/natslog"
	"github.com/mixstream/mixstream/internal/natstest"
)

// gate dials connections. While it is shut, nothing is read from them. Some of their writes
// are lost, or break the connection.
type gate struct {
	mu   sync.Mutex
	open sync.Cond
	shut bool
	fate func(written []byte) fate // of each write; nil: all are passed
}

type fate int

const (
	pass  fate = iota
	lose       // and tell that it was written
	crash      // the connection
)

func newGate() *gate {
	g := new(gate)
	g.open.L = &g.mu
	return g
}

// set shuts or opens the gate, and decides on writes from now on.
func (g *gate) set(shut bool, f func(written []byte) fate) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut, g.fate = shut, f
	g.open.Broadcast()
}

// once returns a decision on the first write for which is returns true.
func once(what fate, is func(written []byte) bool) func([]byte) fate {
	var done sync.Once
	return func(written []byte) (f fate) {
		if is(written) {
			done.Do(func() { f = what })
		}
		return f
	}
}

func (g *gate) Dial(network, address string) (net.Conn, error) {
	c, err := net.Dial(network, address)
	return gatedConn{c, g}, err
}

type gatedConn struct {
	net.Conn
	g *gate
}

func (c gatedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.g.mu.Lock()
	defer c.g.mu.Unlock()
	for c.g.shut && err == nil {
		c.g.open.Wait()
	}
	return n, err
}

func (c gatedConn) Write(b []byte) (int, error) {
	c.g.mu.Lock()
	f := c.g.fate
	c.g.mu.Unlock()
	if f != nil {
		switch f(b) {
		case lose:
			return len(b), nil
		case crash:
			c.Close()
			return 0, net.ErrClosed
		}
	}
	return c.Conn.Write(b)
}

// gated opens a log behind a gate, and another one beside it.
func gated(t *testing.T, o natslog.Options) (g *gate, one, other tester) {
	ns := natstest.Start(t, nil)
	g = newGate()
	o.URL, o.Connection = ns.ClientURL(), []nats.Option{nats.SetCustomDialer(g)}
	one, other = tester{t, mustOpen(t, o)}, tester{t, mustOpen(t, natslog.Options{URL: ns.ClientURL()})}
	t.Cleanup(func() { g.set(false, nil) })
	return g, one, other
}

// The log is closed while an append, which is stored, waits for its acknowledgement.
func TestClosedBeforeAcknowledgement(t *testing.T) {
	g, one, other := gated(t, natslog.Options{})
	r := other.follow(own("a"))
	_, at := r.bounds()
	at = r.expect(at, one.append(own("a"), 1)...)
	g.set(true, nil)
	done := make(chan error)
	go func() {
		_, err := appendCall("", 1)(t.Context(), one.log, own("a"))
		done <- err
	}()
	h := history{position: at}
	for len(h.ids) == 0 {
		<-r.woken
		if err := h.read(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		one.log.(*natslog.Log).Close()
	}()
	if err := <-done; !errors.Is(err, eventlog.ErrOutcomeUnknown) || errors.Is(err, eventlog.ErrUnavailable) {
		t.Errorf("error %v, although the entry is in the log", err)
	}
	g.set(false, nil)
	<-closed
}

// What was not stored since the connection has failed is stored on the next one.
func TestConnectionFailsWithinAppend(t *testing.T) {
	g, one, other := gated(t, natslog.Options{})
	r := other.follow(own("a"))
	_, at := r.bounds()
	at = r.expect(at, one.append(own("a"), 1)...)
	large := func(n int) (entries []eventlog.Entry) {
		for range n { // larger than what is written at once
			entries = append(entries, eventlog.Entry{Name: "content", Data: bytes.Repeat([]byte("x"), 100_000)})
		}
		return entries
	}
	for name, f := range map[string]func([]byte) fate{
		"a broken write": once(crash, func(b []byte) bool { return len(b) > 30_000 }),
		"a lost message": once(lose, func(b []byte) bool {
			return bytes.Contains(b, []byte("Nats-Batch-Sequence: 1\r")) && bytes.HasSuffix(b, []byte("\r\n")) && !bytes.Contains(b, []byte("Nats-Batch-Sequence: 2\r"))
		}),
	} {
		g.set(false, f)
		entries := large(3)
		if err := one.log.Append(t.Context(), own("a"), nil, entries); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		at = r.expect(at, entries[0].ID, entries[1].ID, entries[2].ID)
	}
}

// The acknowledgement of entries that are stored in one step is lost. The stream refuses
// them as repeated, and the log finds the ids that they have.
func TestAcknowledgementOfBatchIsLost(t *testing.T) {
	const timeout = 200 * time.Millisecond
	g, one, other := gated(t, natslog.Options{RequestTimeout: timeout})
	r := other.follow(own("a"))
	_, at := r.bounds()
	at = r.expect(at, one.append(own("a"), 1)...)
	g.set(true, nil)
	entries := []eventlog.Entry{{Name: "content", Data: []byte("1")}, {Name: "content", Data: []byte("2")}}
	done := make(chan error)
	go func() { done <- one.log.Append(t.Context(), own("a"), nil, entries) }()
	h := history{position: at}
	for len(h.ids) < 2 {
		<-r.woken
		if err := h.read(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	more := other.append(own("a"), 1)[0]
	time.Sleep(2 * timeout) // until the log has given up waiting
	g.set(false, nil)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if entries[0].ID != h.ids[0] || entries[1].ID != h.ids[1] {
		t.Errorf("ids %d and %d; the entries are stored as %d", entries[0].ID, entries[1].ID, h.ids)
	}
	r.expect(at, h.ids[0], h.ids[1], more)
}

// A process does not hear that the record of its session is stored, and another one
// brings the session to its end.
func TestCreatedByTwo(t *testing.T) {
	g, one, other := gated(t, natslog.Options{RequestTimeout: 500 * time.Millisecond})
	settled := make(chan struct{})
	tries := 0
	var notes func([]byte) fate
	notes = func(b []byte) fate {
		if bytes.Contains(b, []byte("HPUB mixstream.r.")) {
			tries++
			if tries > 1 {
				<-settled
			}
			g.set(tries == 1, notes) // the first answer does not come
		}
		return pass
	}
	g.set(false, notes)
	done := make(chan error)
	go func() {
		_, err := createCall(t.Context(), one.log, own("a"))
		done <- err
	}()
	until(t, "the record is there", func() bool {
		_, err := other.log.Lookup(t.Context(), "a")
		return err == nil
	})
	close(settled)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// Credentials that are refused again and again may be good again.
func TestRefusedForAWhile(t *testing.T) {
	ns := natstest.Start(t, &server.Options{StoreDir: t.TempDir(), Authorization: "good"})
	m := tester{t, mustOpen(t, natslog.Options{URL: ns.ClientURL(), Token: "good"})}
	m.append(own("a"), 1)
	ns.Stop()
	ns.Options.Authorization = "bad"
	ns.Start(t)
	until(t, "three logins are refused", func() bool {
		v, err := ns.Varz(nil)
		return err == nil && v.TotalConnections >= 3
	})
	ns.Stop()
	ns.Options.Authorization = "good"
	ns.Start(t)
	m.append(own("a"), 1)
}

// A handler of the application does not take the place of the log's.
func TestHandlersOfTheApplication(t *testing.T) {
	log, err := natslog.Open(t.Context(), natslog.Options{Dir: t.TempDir(), SyncInterval: time.Minute, Connection: []nats.Option{
		nats.ClosedHandler(func(*nats.Conn) {}), nats.DisconnectErrHandler(func(*nats.Conn, error) {}),
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := log.Close(); err != nil { // which waits for the handler
		t.Error(err)
	}
}
