package server_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server"
	"github.com/mixstream/mixstream/sse"
)

// hookedLog is a log that calls afterRead after each read of a session, with whether it has
// found something, and before the reader learns of it.
type hookedLog struct {
	eventlog.Log
	afterRead func(session string, found bool)
}

func (l *hookedLog) Follow(ctx context.Context, s eventlog.Session, wake func()) (eventlog.Reader, error) {
	r, err := l.Log.Follow(ctx, s, wake)
	if err != nil {
		return nil, err
	}
	return hookedReader{r, l, s.ID}, nil
}

type hookedReader struct {
	eventlog.Reader
	log     *hookedLog
	session string
}

func (r hookedReader) Read(ctx context.Context, after uint64, limit int) (eventlog.Batch, error) {
	b, err := r.Reader.Read(ctx, after, limit)
	r.log.afterRead(r.session, len(b.Entries) > 0)
	return b, err
}

// A stream is woken for an event that comes when it has just found that there is none, and
// is about to rest. No heartbeat would heal a loss.
func TestWakeOfStreamAboutToRest(t *testing.T) {
	for name, size := range map[string]int{"taken by a worker": 0, "taken by a goroutine": 200 << 10} {
		t.Run(name, func(t *testing.T) {
			const rounds = 10
			var publishNext func()
			var left atomic.Int64
			events := &hookedLog{eventlog.NewMemory(eventlog.Retention{}), func(_ string, found bool) {
				if !found && left.Load() > 0 && left.Add(-1) >= 0 {
					publishNext()
				}
			}}
			bothModes(t, func(t *testing.T, mode server.Option) {
				srv := newAttachedServer(t, mode, server.WithLog(events), server.WithHeartbeat(time.Hour))
				t.Cleanup(func() { shutNow(srv) })
				ts := serve(t, srv, smallBuffers)
				publishNext = func() { publish(t, srv, "s", strings.Repeat("x", size)) }
				publish(t, srv, "s", "")
				_, dec := dialStream(t, ts.Listener.Addr().String(), "s")
				left.Store(rounds)
				publishNext()
				for n := range rounds + 1 {
					if e, err := read(dec); err != nil || e.name != "content" {
						t.Fatalf("%d of %d events came, and then %+v, %v", n, rounds+1, e, err)
					}
				}
			})
		})
	}
}

// wokenLog is a log whose readers find nothing, and are woken by the test.
type wokenLog struct {
	eventlog.Log
	wake    chan func()
	reading atomic.Int64
	most    atomic.Int64 // how many reads there were at a time
	reads   atomic.Int64
}

func (l *wokenLog) Follow(ctx context.Context, s eventlog.Session, wake func()) (eventlog.Reader, error) {
	r, err := l.Log.Follow(ctx, s, func() {})
	l.wake <- wake
	return wokenReader{r, l}, err
}

type wokenReader struct {
	eventlog.Reader
	log *wokenLog
}

func (r wokenReader) Read(ctx context.Context, after uint64, limit int) (eventlog.Batch, error) {
	n := r.log.reading.Add(1)
	defer r.log.reading.Add(-1)
	r.log.reads.Add(1)
	if n > r.log.most.Load() {
		r.log.most.Store(n)
	}
	time.Sleep(20 * time.Microsecond) // for another to come
	return r.Reader.Read(ctx, after, limit)
}

// However many wake a stream at a time, it has one turn at a time, and one after the last of
// them.
func TestOneTurnAtATime(t *testing.T) {
	const wakers, rounds = 4, 500
	events := &wokenLog{Log: eventlog.NewMemory(eventlog.Retention{}), wake: make(chan func(), 1)}
	srv := newAttachedServer(t, server.WithDetachedStreams(0), server.WithLog(events), server.WithHeartbeat(time.Hour))
	t.Cleanup(func() { shutNow(srv) })
	ts := serve(t, srv)
	publish(t, srv, "s", "")
	dialStream(t, ts.Listener.Addr().String(), "s")
	wake := <-events.wake
	for round := range int64(rounds) {
		before := events.reads.Load()
		var ready atomic.Int64
		var all sync.WaitGroup
		for range wakers {
			all.Go(func() {
				ready.Add(1)
				for spins := 0; ready.Load() < wakers; spins++ {
					if spins > 1000 { // the others have no processor
						runtime.Gosched()
					}
				}
				wake()
			})
		}
		all.Wait()
		until(t, "the stream has read", func() bool { return events.reads.Load() > before })
		if n := events.most.Load(); n > 1 {
			t.Fatalf("%d turns at a time in round %d", n, round)
		}
	}
}

// Many publishers wake many streams at a time, and none misses anything, nor gets it twice.
func TestWakesFromAllSides(t *testing.T) {
	const publishers, each, readers = 8, 50, 8
	srv, _ := newDetachedServer(t, server.WithHeartbeat(time.Hour))
	ts := serve(t, srv)
	publish(t, srv, "s", "")
	var decs []*sse.Decoder
	for range readers {
		_, dec := dialStream(t, ts.Listener.Addr().String(), "s")
		decs = append(decs, dec)
	}
	var all sync.WaitGroup
	for range publishers {
		all.Go(func() {
			for range each {
				if _, err := srv.Publish(context.Background(), "s", content("")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	for _, dec := range decs {
		last := uint64(0)
		for range publishers * each {
			e, err := read(dec)
			if err != nil || e.name != "content" {
				t.Fatalf("got %+v, %v", e, err)
			}
			if id := number(t, e.id); id <= last {
				t.Fatalf("event %d came after %d", id, last)
			} else {
				last = id
			}
		}
	}
}

// Streams that wait for the authorizer hold up no others, however many they are.
func TestSlowAuthorizerHoldsUpItsReadersOnly(t *testing.T) {
	var slow atomic.Bool
	var waiting atomic.Int64
	free := make(chan struct{})
	srv, _ := newDetachedServer(t, server.WithHeartbeat(time.Hour), server.WithReauthorization(50*time.Millisecond),
		server.WithAuthorizer(func(_ *http.Request, session string) error {
			if session == "slow" && slow.Load() {
				waiting.Add(1)
				<-free
			}
			return nil
		}))
	t.Cleanup(func() { close(free) })
	address := serve(t, srv).Listener.Addr().String()
	publish(t, srv, "slow", "")
	publish(t, srv, "s", "")
	streams := int64(10 * runtime.GOMAXPROCS(0))
	for range streams {
		dialStream(t, address, "slow")
	}
	_, dec := dialStream(t, address, "s")
	slow.Store(true)
	until(t, "all but one wait", func() bool { return waiting.Load() == streams })
	id := publish(t, srv, "s", "")
	if e, err := read(dec); err != nil || e.id != id {
		t.Errorf("got %+v, %v, want event %s", e, err, id)
	}
}

// hijacked is a connection that says when net/http gives it away.
type hijacked struct {
	net.Conn
	given func()
}

// SetDeadline is called by net/http for this alone.
func (c *hijacked) SetDeadline(t time.Time) error {
	c.given()
	return c.Conn.SetDeadline(t)
}

// A server that cannot wait ends a stream also when that is just being detached, and the log
// would have it wait.
func TestShutdownWhileDetaching(t *testing.T) {
	events, waits, _ := patientLog()
	srv, o := newDetachedServer(t, server.WithLog(events), server.WithHeartbeat(time.Hour))
	ts := serve(t, srv, func(ts *httptest.Server) {
		ts.Listener = wrapListener{ts.Listener, func(c net.Conn) net.Conn {
			return &hijacked{c, func() {
				waits.Store(true)
				shutNow(srv)
			}}
		}}
	})
	publish(t, srv, "s", "")
	dialStream(t, ts.Listener.Addr().String(), "s")
	receive(t, o.streams).wantEnd(t, server.EndShutdown)
	wantFree(t, srv)
}

// Hooks that take their time hold up only the ends of the streams that they are called for.
func TestSlowHooksHoldUpNoOthers(t *testing.T) {
	free := make(chan struct{})
	var waiting atomic.Int64
	srv, _ := newDetachedServer(t, anySession(), server.WithHeartbeat(100*time.Millisecond), server.OnLastReader(func(session string) {
		if session != "s" {
			waiting.Add(1)
			<-free
		}
	}))
	t.Cleanup(func() { close(free) })
	address := serve(t, srv).Listener.Addr().String()
	streams := int64(10 * runtime.GOMAXPROCS(0))
	for i := range streams {
		conn, _ := dialStream(t, address, strconv.FormatInt(i, 10))
		conn.Close()
	}
	until(t, "all that have left wait", func() bool { return waiting.Load() == streams })
	_, dec := dialStream(t, address, "s")
	id := publish(t, srv, "s", "")
	for {
		e, err := read(dec)
		if err != nil {
			t.Fatal(err)
		}
		if e.id == id {
			break
		}
	}
}

// What a socket has not taken at once is written once, though the goroutine that did so is
// needed again for the authorizer.
func TestDebtIsPaidOnce(t *testing.T) {
	var v verdict
	srv, _ := newDetachedServer(t, server.WithHeartbeat(time.Hour), server.WithAuthorizer(v.authorize), server.WithReauthorization(20*time.Millisecond))
	ts := serve(t, srv, smallBuffers)
	publish(t, srv, "s", "")
	_, dec := dialStream(t, ts.Listener.Addr().String(), "s")
	for range 2 {
		id := publish(t, srv, "s", strings.Repeat("x", 1_000_000))
		if e, err := read(dec); err != nil || e.id != id {
			t.Fatalf("got %s, %v, want event %s", e.id, err, id)
		}
		v.set(nil)
		until(t, "it is asked again", func() bool { return v.count() > 2 })
	}
	id := publish(t, srv, "s", "")
	if e, err := read(dec); err != nil || e.id != id {
		t.Fatalf("got %s, %v, want event %s", e.id, err, id)
	}
}
