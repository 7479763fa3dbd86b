package server

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"testing"
	"time"
	"unsafe"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/server/internal/clock"
	"github.com/mixstream/mixstream/server/internal/sched"
	"github.com/mixstream/mixstream/server/internal/transport"
)

// out is a transport.Out whose client takes what the test says.
type out struct {
	fails  error // each write
	owes   bool  // each write that may not wait leaves all of it owed
	wrote  int   // how many writes there were
	sizes  []int // of what is out
	owed   int
	abort  func()
	closed []bool // in order or not
}

func (o *out) Write(_ clock.Instant, b transport.Buffer, mayBlock bool) (bool, error) {
	size := b.Len()
	if size == 0 {
		return true, nil
	}
	o.wrote++
	switch {
	case o.fails != nil:
		return false, o.fails
	case o.owes && !mayBlock:
		o.owed = size
		return false, nil
	}
	o.sizes = append(o.sizes, size)
	return true, nil
}

func (o *out) Pay() error {
	if o.fails == nil {
		o.sizes = append(o.sizes, o.owed)
		o.owed = 0
	}
	return o.fails
}

func (o *out) Abort() {
	if o.abort != nil {
		o.abort()
	}
}

func (o *out) Close(inOrder bool) { o.closed = append(o.closed, inOrder) }

// notes is an observer that counts what it is told of a stream.
type notes struct {
	NopObserver
	NopStreamObserver
	deliveries []Delivery
	ends       []End
}

func (n *notes) StreamOpened(ctx context.Context, _ StreamInfo) (context.Context, StreamObserver) {
	return ctx, n
}
func (n *notes) Delivered(d Delivery) { n.deliveries = append(n.deliveries, d) }
func (n *notes) Ended(e End)          { n.ends = append(n.ends, e) }

// opened is an open stream whose turns the test takes.
type opened struct {
	*openStream
	srv   *Server[gen.Event]
	out   *out
	notes *notes
}

// openOne opens the stream of a session that has one event, and takes its first turn.
func openOne(t *testing.T, opts ...Option) *opened {
	t.Helper()
	n := new(notes)
	srv, err := New(gen.StreamEvents, append([]Option{WithObserver(n), WithDetachedStreams()}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	o := &opened{srv: srv, out: new(out), notes: n}
	o.publish(t)
	r := httptest.NewRequest(http.MethodGet, "/stream?sessionId=s", nil).WithContext(t.Context())
	if o.openStream, err = srv.engine.open(r, "s", "", place{}); err != nil {
		t.Fatal(err)
	}
	o.openStream.out = o.out
	srv.engine.streams.add(o.openStream)
	o.openStream.opened()
	if over := o.firstTurn(); over {
		t.Fatalf("it is over: %+v", o.end)
	}
	return o
}

func (o *opened) publish(t *testing.T) {
	t.Helper()
	if _, err := o.srv.Publish(t.Context(), "s", &gen.ContentData{}); err != nil {
		t.Fatal(err)
	}
}

// want takes a turn, which must return do.
func (o *opened) want(t *testing.T, mayBlock bool, do sched.Do) {
	t.Helper()
	if got, _ := o.Turn(mayBlock); got != do {
		t.Fatalf("the turn returns %v, want %v; the end is %+v", got, do, o.end)
	}
}

// wantEnd expects the end of the stream.
func (o *opened) wantEnd(t *testing.T, reason EndReason, err error) {
	t.Helper()
	if o.end == nil || o.end.reason != reason || !errors.Is(o.end.err, err) {
		t.Errorf("it ends by %+v, want %s and %v", o.end, reason, err)
	}
}

// An idle stream holds little: there may be many.
func TestSizeOfOpenStream(t *testing.T) {
	if unsafe.Sizeof(uintptr(0)) != 8 {
		t.Skip("the figures are for 64 bits")
	}
	if size := unsafe.Sizeof(openStream{}); size > 416 { // a size of the allocator
		t.Errorf("an open stream has %d bytes", size)
	}
}

// A write that the client does not take at once keeps its stream from everything else, and counts
// once, when all of it is out.
func TestOwedWrite(t *testing.T) {
	o := openOne(t)
	o.want(t, false, sched.Rest)
	o.publish(t)
	o.out.owes = true
	o.want(t, false, sched.Block)
	o.publish(t)
	o.want(t, false, sched.Block) // a turn too many
	if events, _ := o.stream.Events(); events != 0 || len(o.notes.deliveries) != 0 || o.out.wrote != 2 {
		t.Fatalf("%d events count, %d writes, and %+v was told", events, o.out.wrote, o.notes.deliveries)
	}
	o.want(t, true, sched.Again)
	if d := o.notes.deliveries; len(d) != 1 || d[0].Events != 1 || d[0].Bytes != o.out.sizes[1] {
		t.Errorf("told %+v of writes of %d bytes", d, o.out.sizes)
	}
	o.want(t, true, sched.Again) // what has come meanwhile
	o.want(t, true, sched.Rest)
	if events, _ := o.stream.Events(); events != 2 {
		t.Errorf("%d events count", events)
	}
}

// A write that fails late counts for nothing, and nothing is written after it.
func TestOwedWriteFails(t *testing.T) {
	o := openOne(t)
	o.publish(t)
	o.out.owes = true
	o.want(t, false, sched.Block)
	o.out.fails = os.ErrDeadlineExceeded
	writes := o.out.wrote
	o.want(t, true, sched.Over)
	o.wantEnd(t, EndSlowReader, os.ErrDeadlineExceeded)
	o.finish()
	events, _ := o.stream.Events()
	if e := o.notes.ends; events != 0 || o.out.wrote != writes || len(e) != 1 || e[0].Events != 0 || e[0].Reason != EndSlowReader {
		t.Errorf("%d events count, %d more writes, told %+v", events, o.out.wrote-writes, e)
	}
}

// A stream that ends for an outage says so, though the client does not take its last words at
// once.
func TestOwedLastWords(t *testing.T) {
	var fails error
	events := &ReadLog{eventlog.NewMemory(eventlog.Retention{}), func(context.Context, string) error { return fails }}
	o := openOne(t, WithTiming(Timing{LogOutage: None}), WithLog(events))
	o.out.owes, fails = true, eventlog.ErrUnavailable
	o.want(t, false, sched.Block)
	o.want(t, true, sched.Again)
	o.want(t, true, sched.Over)
	o.wantEnd(t, EndLogUnavailable, eventlog.ErrUnavailable)
	o.finish()
	if got := o.out.closed; !slices.Equal(got, []bool{true}) {
		t.Errorf("closed as %v", got)
	}
}

// A worker never asks the authorizer, which may take its time.
func TestAuthorizerIsAskedWhereItMayBlock(t *testing.T) {
	asked := 0
	allow := WithAuthorizer(func(*http.Request, string) error { asked++; return nil })
	o := openOne(t, allow, WithTiming(Timing{Reauthorization: time.Millisecond}))
	o.want(t, false, sched.Rest)
	time.Sleep(2 * time.Millisecond)
	for range 3 {
		if o.want(t, false, sched.Block); asked != 0 {
			t.Fatal("a turn that must not block has asked")
		}
	}
	if o.want(t, true, sched.Again); asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}

// A write that an abort ends is the server's doing, and not that of a slow reader: the abort notes the
// end before the write can fail. A turn that is taken after the abort writes nothing more.
func TestAbort(t *testing.T) {
	o := openOne(t)
	o.out.abort = func() { o.writeFailed(os.ErrDeadlineExceeded) } // as a write that is under way does
	o.abort()
	o.wantEnd(t, EndShutdown, os.ErrDeadlineExceeded)
	if o.life.Err() == nil {
		t.Error("the context of a detached stream goes on")
	}

	o = openOne(t)
	o.publish(t)
	o.abort()
	writes := o.out.wrote
	o.want(t, false, sched.Over)
	if o.wantEnd(t, EndShutdown, transport.ErrAborted); o.out.wrote != writes {
		t.Errorf("%d more writes", o.out.wrote-writes)
	}
}

// The position of a stream is what its client knows: entries that no stream shows do not move it.
func TestToldPosition(t *testing.T) {
	events := eventlog.NewMemory(eventlog.Retention{})
	o := openOne(t, WithLog(events))
	unseen := []eventlog.Entry{{Name: "mixstream.other", Data: []byte("{}")}}
	if err := events.Append(t.Context(), o.srv.engine.logged("s"), nil, unseen); err != nil {
		t.Fatal(err)
	}
	o.want(t, false, sched.Again)
	o.want(t, false, sched.Rest)
	o.abort()
	o.want(t, false, sched.Over)
	o.finish()
	if e := o.notes.ends; len(e) != 1 || e[0].Position != formatID(o.stream.Connected()) {
		t.Errorf("told %+v of a stream that began at %d", e, o.stream.Connected())
	}
}

// What happens while a stream waits for the log decides how it ends. A client that hangs up has left;
// the log did not fail. A stream that tells the end of its session ends by it, also if the server
// aborts it then.
func TestEndWhileTheLogWaits(t *testing.T) {
	testEndWhileTheLogWaits(t, EndClientLeft, context.Canceled)
	testEndWhileTheLogWaits(t, EndSessionDeleted, nil)
}

func testEndWhileTheLogWaits(t *testing.T, reason EndReason, err error) {
	t.Helper()
	var during func()
	events := &ReadLog{eventlog.NewMemory(eventlog.Retention{}), func(ctx context.Context, _ string) error { during(); return ctx.Err() }}
	o := openOne(t, WithLog(events))
	o.ctx = &o.life
	during = o.HungUp
	if reason == EndSessionDeleted {
		if _, err := o.srv.DeleteSession(t.Context(), "s"); err != nil {
			t.Fatal(err)
		}
		during = func() { o.calls.Or(callAbort) }
	}
	o.want(t, false, sched.Over)
	o.wantEnd(t, reason, err)
}

// A drain draws one end, however often turns are taken until then.
func TestDrainDrawsOnce(t *testing.T) {
	o := openOne(t, WithTiming(Timing{Heartbeat: 2 * time.Hour}))
	o.want(t, false, sched.Rest)
	o.srv.engine.streams.spread = time.Hour
	o.drain()
	_, drawn := o.Turn(false)
	for range 3 {
		if _, at := o.Turn(false); at != drawn {
			t.Fatalf("it ends at %v, and then at %v", drawn, at)
		}
	}
}

// A panic of the application is told as such, and the response is not ended in order.
func TestPanicIsNoCleanEnd(t *testing.T) {
	o := openOne(t)
	o.Panicked("boom")
	o.Finish()
	if e, closed := o.notes.ends, o.out.closed; len(e) != 1 || e[0].Reason != EndPanic || e[0].Err == nil || !slices.Equal(closed, []bool{false}) {
		t.Errorf("told %+v, closed as %v", e, closed)
	}
}
