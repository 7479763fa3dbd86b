package server_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// gate holds up each write that contains a mark. It sends to reached, and then waits for
// pass.
func gate(m servertest.Mode, mark string) (gated func(*httptest.Server), reached <-chan struct{}, pass chan<- struct{}) {
	at, through := make(chan struct{}), make(chan struct{})
	return m.Tap(func(p []byte) {
		if bytes.Contains(p, []byte(mark)) {
			at <- struct{}{}
			<-through
		}
	}), at, through
}

// heldUp opens a stream of the session s and holds up the write of one event until the
// test sends to pass. It returns the id of that event.
func heldUp(t *testing.T, m servertest.Mode, srv *mix.Server) (r *servertest.Reader, held string, pass chan<- struct{}) {
	t.Helper()
	gated, reached, pass := gate(m, "hold")
	ts := servertest.Serve(t, srv, gated)
	servertest.Publish(t, srv, "s", "before")
	r = servertest.Open(t, ts, "s")
	r.Next()
	held = servertest.Publish(t, srv, "s", "hold")
	servertest.Receive(t, reached)
	return r, held, pass
}

// A reader that falls behind the retention gets a gap event and goes on.
func TestSlowReaderFallsBehind(t *testing.T) { servertest.BothModes(t, testSlowReaderFallsBehind) }

func testSlowReaderFallsBehind(t *testing.T, mode servertest.Mode) {
	srv := mode.NewServer(t, servertest.SmallLog(4))
	r, held, pass := heldUp(t, mode, srv)
	ids := servertest.PublishN(t, srv, "s", 50) // publishing does not wait for the reader
	pass <- struct{}{}
	r.WantContents(held)
	r.WantGap(ids[45])
	r.WantContents(ids[46:]...)
	r.WantContents(servertest.Publish(t, srv, "s", "next"))
}

// A reader within the retention loses nothing, however slow it is.
func TestSlowReaderWithinRetention(t *testing.T) {
	servertest.BothModes(t, testSlowReaderWithinRetention)
}

func testSlowReaderWithinRetention(t *testing.T, mode servertest.Mode) {
	srv := mode.NewServer(t)
	r, held, pass := heldUp(t, mode, srv)
	ids := servertest.PublishN(t, srv, "s", 5000)
	pass <- struct{}{}
	r.WantContents(held)
	r.WantContents(ids...)
}

// A session may end, and be forgotten, within a gap.
func TestSlowReaderOfForgottenSession(t *testing.T) {
	servertest.BothModes(t, testSlowReaderOfForgottenSession)
}

func testSlowReaderOfForgottenSession(t *testing.T, mode servertest.Mode) {
	srv := mode.NewServer(t, servertest.SmallLog(4), server.WithTiming(server.Timing{DeleteGrace: time.Millisecond}))
	r, held, pass := heldUp(t, mode, srv)
	end, err := srv.DeleteSession(t.Context(), "s")
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * time.Millisecond)                // until the grace period is over
	servertest.Publish(t, srv, "other", "whatever") // makes the log forget
	pass <- struct{}{}
	r.WantContents(held)
	r.WantGap(end)
	r.WantEnd()
}

// One of eleven readers stops reading. The others get everything and nothing waits for it.
// The server drops it at its write deadline, and it loses nothing that the log retains.
func TestStuckReader(t *testing.T) { servertest.BothModes(t, testStuckReader) }

func testStuckReader(t *testing.T, mode servertest.Mode) {
	const readers = 10
	events := servertest.AtScale(800, 8000)
	timeout := time.Duration(servertest.AtScale(3, 6)) * time.Second
	srv := mode.NewServer(t, servertest.SmallLog(events+1), server.WithTiming(server.Timing{WriteTimeout: timeout}))
	ts := servertest.Serve(t, srv, servertest.SmallBuffers)
	begin := servertest.Publish(t, srv, "s", "")

	opened := time.Now()
	stuck := servertest.OpenSmall(t, ts, "s")
	stuck.Want("connected", begin)
	got := make([][]string, readers)
	var healthy sync.WaitGroup
	for i := range readers {
		r := servertest.Open(t, ts, "s")
		r.Want("connected", begin)
		healthy.Go(func() {
			var err error
			if got[i], err = servertest.ReadContents(r, events); err != nil {
				t.Error(err)
			}
		})
	}
	servertest.Until(t, "all have come", func() bool { return srv.Readers("s") == readers+1 })

	text := strings.Repeat("x", 1<<10)
	var ids []string
	for range events {
		ids = append(ids, servertest.Publish(t, srv, "s", text))
	}
	healthy.Wait()
	if n := srv.Readers("s"); n != readers+1 && time.Since(opened) < timeout {
		t.Errorf("%d readers when all was published and read, want the stuck one to be still there", n)
	}
	for i := range got {
		if !slices.Equal(got[i], ids) {
			t.Errorf("reader %d got %d events of %d, or others", i, len(got[i]), events)
		}
	}
	servertest.Until(t, "the stuck reader is dropped", func() bool { return srv.Readers("s") == readers })
	if waited := time.Since(opened); waited < timeout {
		t.Errorf("dropped after %v, before its write deadline of %v", waited, timeout)
	}

	// The dropped reader finds some events in the kernel and then a broken connection.
	held, err := servertest.ReadContents(stuck, -1)
	if errors.Is(err, io.EOF) {
		t.Errorf("the dropped stream ended with %v, as if it were complete", err)
	}
	if len(held) == events || !slices.Equal(held, ids[:len(held)]) {
		t.Fatalf("the dropped reader holds %d events of %d, or others", len(held), events)
	}
	at := begin
	if len(held) > 0 {
		at = held[len(held)-1]
	}
	r := servertest.Open(t, ts, "s", at)
	r.Want("connected", at)
	r.WantContents(ids[len(held):]...)
	r.Close()

	// This time it resumes too late for a quarter of the events.
	trimmed := events / 4
	ids = append(ids, servertest.PublishN(t, srv, "s", trimmed)...)
	floor := ids[trimmed-2] // the log retains one more entry than there were events
	r = servertest.Open(t, ts, "s", begin)
	r.Want("connected", begin)
	r.WantGap(floor)
	r.WantContents(ids[trimmed-1:]...)
	r.Close()
	r = servertest.Open(t, ts, "s", floor)
	r.Want("connected", floor)
	r.WantContents(ids[trimmed-1:]...)
}

// The server drops a reader that never reads. Neither before nor after that does anything
// wait for it.
func TestReaderThatNeverReads(t *testing.T) { servertest.BothModes(t, testReaderThatNeverReads) }

func testReaderThatNeverReads(t *testing.T, mode servertest.Mode) {
	first, gone := make(chan string, 10), make(chan string, 10)
	srv := mode.NewServer(t, server.WithTiming(server.Timing{WriteTimeout: 200 * time.Millisecond}), servertest.Vouch("stuck"),
		server.WithScope(func(string) string { return "all" }),
		server.OnFirstReader(func(s string) { first <- s }), server.OnLastReader(func(s string) { gone <- s }))
	ts := servertest.Serve(t, srv, servertest.SmallBuffers)
	servertest.Publish(t, srv, "well", "")
	r := servertest.Open(t, ts, "well")
	r.Next()
	servertest.Receive(t, first)
	servertest.NeverRead(t, ts, "stuck")
	servertest.Receive(t, first)
	large := strings.Repeat("x", 512<<10)
	for range 20 {
		servertest.Publish(t, srv, "stuck", large)
		r.WantContents(servertest.Publish(t, srv, "well", ""))
	}
	if s := servertest.Receive(t, gone); s != "stuck" {
		t.Errorf("%s has left", s)
	}
	r.WantContents(servertest.Publish(t, srv, "well", ""))
}

// The server drops a reader that takes a byte now and then like one that takes none: the
// deadline belongs to a write, and no byte postpones it. A reader that keeps up lives on,
// however slowly it reads.
func TestReaderThatTrickles(t *testing.T) { servertest.BothModes(t, testReaderThatTrickles) }

func testReaderThatTrickles(t *testing.T, mode servertest.Mode) {
	const timeout = 600 * time.Millisecond
	srv := mode.NewServer(t, server.WithTiming(server.Timing{WriteTimeout: timeout}))
	ts := servertest.Serve(t, srv, servertest.SmallBuffers)
	for _, s := range []string{"busy", "quiet"} {
		servertest.Publish(t, srv, s, "")
	}
	busy, quiet := servertest.NeverRead(t, ts, "busy"), servertest.NeverRead(t, ts, "quiet")
	servertest.Until(t, "both have come", func() bool { return srv.Readers("busy") == 1 && srv.Readers("quiet") == 1 })
	healthy := servertest.Open(t, ts, "busy")
	healthy.Next()

	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(timeout / 12)
		defer tick.Stop()
		one := make([]byte, 1)
		for {
			select {
			case <-tick.C:
				_, _ = busy.Read(one)
				_, _ = quiet.Read(one)
			case <-stop:
				return
			}
		}
	}()
	large := strings.Repeat("x", 256<<10)
	began := time.Now()
	for range 10 {
		healthy.WantContents(servertest.Publish(t, srv, "busy", large))
	}
	servertest.Until(t, "the reader of the busy session is dropped", func() bool { return srv.Readers("busy") == 1 })
	if took := time.Since(began); took < timeout {
		t.Errorf("dropped after %v, before its write deadline", took)
	}
	healthy.WantContents(servertest.Publish(t, srv, "busy", ""))
	servertest.Publish(t, srv, "quiet", "")
	if n := srv.Readers("quiet"); n != 1 {
		t.Errorf("%d readers of the quiet session, want 1", n)
	}
	close(stop)
	<-stopped
}

// Over HTTP/2 the streams of one connection are independent.
func TestHTTP2Streams(t *testing.T) {
	t.Parallel()
	gone := make(chan string, 10)
	srv := servertest.NewServer(t, server.WithTiming(server.Timing{WriteTimeout: 200 * time.Millisecond}), server.OnLastReader(func(s string) { gone <- s }))
	ts := servertest.Serve(t, srv, func(ts *httptest.Server) { ts.EnableHTTP2 = true })
	servertest.Publish(t, srv, "well", "")
	servertest.Publish(t, srv, "stuck", "")
	well, stuck := servertest.Open(t, ts, "well"), servertest.Open(t, ts, "stuck")
	well.Next()
	stuck.Next()
	large := strings.Repeat("x", 512<<10)
	for range 30 { // more than the window of a stream
		servertest.Publish(t, srv, "stuck", large)
	}
	if s := servertest.Receive(t, gone); s != "stuck" {
		t.Fatalf("%s has left", s)
	}
	well.WantContents(servertest.PublishN(t, srv, "well", 10)...)
}

// Bytes that a socket does not take at once go out once, even if the goroutine that writes
// them must also ask the authorizer.
func TestDebtIsPaidOnce(t *testing.T) {
	t.Parallel()
	var v servertest.Verdict
	srv, _ := newDetachedServer(t, server.WithTiming(server.Timing{Heartbeat: time.Hour, Reauthorization: 20 * time.Millisecond}), server.WithAuthorizer(v.Authorize))
	ts := servertest.Serve(t, srv, servertest.SmallBuffers)
	servertest.Publish(t, srv, "s", "")
	_, r := servertest.Dial(t, ts, "s")
	for range 2 {
		id := servertest.Publish(t, srv, "s", strings.Repeat("x", 1_000_000))
		r.WantContents(id)
		v.Set(nil)
		servertest.Until(t, "it is asked again", func() bool { return v.Count() > 2 })
	}
	id := servertest.Publish(t, srv, "s", "")
	r.WantContents(id)
}

// A dropped reader that reads again gets a reset, and does not wait.
func TestDetachedReaderIsReset(t *testing.T) {
	t.Parallel()
	srv, o := newDetachedServer(t, server.WithTiming(server.Timing{WriteTimeout: 200 * time.Millisecond, Heartbeat: time.Hour}))
	ts := servertest.Serve(t, srv)
	servertest.Publish(t, srv, "s", "")
	conn := servertest.NeverRead(t, ts, "s")
	s := servertest.Receive(t, o.Streams)
	for range 20 {
		servertest.Publish(t, srv, "s", strings.Repeat("x", 512<<10))
	}
	s.WantEnd(t, server.EndSlowReader)
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second)) // a keep-alive probe would tell later
	if _, err := io.Copy(io.Discard, conn); err == nil || isTimeout(err) {
		t.Errorf("got %v, want a reset", err)
	}
}

func isTimeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}
