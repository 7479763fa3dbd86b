package server_test

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

// A stream outlasts an outage of the log with heartbeats, and goes on when the log is
// back, even if nothing wakes it.
func TestStreamOutlastsOutage(t *testing.T) { servertest.BothModes(t, testStreamOutlastsOutage) }

func testStreamOutlastsOutage(t *testing.T, mode servertest.Mode) {
	events := &servertest.FaultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
	srv := mode.NewServer(t, server.WithLog(events), server.WithTiming(server.Timing{Heartbeat: 20 * time.Millisecond}))
	first := servertest.Publish(t, srv, "s", "first")
	r := servertest.Open(t, servertest.Serve(t, srv), "s", "0")
	r.Want("connected", servertest.Before(t, first))
	r.WantContents(first)
	events.ReadErr.Store(servertest.ErrUnavailable)
	missed := servertest.Publish(t, srv, "s", "missed")
	for range 3 {
		if e := r.Next(); e.Name != "heartbeat" || e.ID != first || e.Retry >= 0 {
			t.Fatalf("got %+v, want a heartbeat at %s", e, first)
		}
	}
	events.ReadErr.Store(nil)
	e := r.Next()
	for e.Name == "heartbeat" {
		e = r.Next()
	}
	if e.ID != missed {
		t.Errorf("got %+v, want event %s", e, missed)
	}
}

// A stream finds out that the log is back without a wake and without a heartbeat.
func TestLogIsTriedAgain(t *testing.T) { servertest.BothModes(t, testLogIsTriedAgain) }

func testLogIsTriedAgain(t *testing.T, mode servertest.Mode) {
	events := &servertest.FaultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
	srv := mode.NewServer(t, server.WithLog(events), server.WithTiming(server.Timing{Heartbeat: time.Hour}))
	id := servertest.Publish(t, srv, "s", "")
	r := servertest.Open(t, servertest.Serve(t, srv), "s")
	r.Want("connected", id)
	events.ReadErr.Store(servertest.ErrUnavailable)
	missed := servertest.Publish(t, srv, "s", "")
	servertest.Until(t, "the log is read", func() bool { return events.FailedReads.Load() > 0 })
	events.ReadErr.Store(nil)
	r.WantContents(missed)
}

// A log that tells a gap after a position that it has is behind for a moment. The stream
// waits for it, because going back would repeat events.
func TestStreamNeverGoesBack(t *testing.T) { servertest.BothModes(t, testStreamNeverGoesBack) }

func testStreamNeverGoesBack(t *testing.T, mode servertest.Mode) {
	events := &servertest.FaultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
	srv := mode.NewServer(t, server.WithLog(events))
	ids := servertest.PublishN(t, srv, "s", 3)
	r := servertest.Open(t, servertest.Serve(t, srv), "s", "0")
	r.Want("connected", servertest.Before(t, ids[0]))
	r.WantContents(ids...)
	behind := fmt.Errorf("test: %w", eventlog.ErrGap)
	events.ReadErr.Store(behind)
	next := servertest.Publish(t, srv, "s", "next")
	servertest.Until(t, "the log is read", func() bool { return events.FailedReads.Load() > 0 })
	events.ReadErr.Store(nil)
	r.WantContents(next)
}

// An outage that is longer than the limit ends the stream, whose client learns when to
// come back.
func TestOutageEndsStream(t *testing.T) { servertest.BothModes(t, testOutageEndsStream) }

func testOutageEndsStream(t *testing.T, mode servertest.Mode) {
	o := servertest.NewObserver()
	events := &servertest.FaultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
	srv := mode.NewServer(t, server.WithLog(events), server.WithObserver(o), server.WithTiming(server.Timing{LogOutage: 50 * time.Millisecond}))
	r, s := followed(t, srv, o, srv)
	events.ReadErr.Store(servertest.ErrUnavailable)
	servertest.Publish(t, srv, "s", "")
	e := r.Next()
	if e.Name != "heartbeat" || e.Retry < 2000 || e.Retry > 7000 {
		t.Errorf("got %+v, want a heartbeat with a reconnection time", e)
	}
	r.WantEnd()
	s.WantEnd(t, server.EndLogUnavailable)
}

// Without the log, a stream that resumes at an id gets that id back, and any other stream
// gets a 503.
func TestOpenWithoutLog(t *testing.T) { servertest.BothModes(t, testOpenWithoutLog) }

func testOpenWithoutLog(t *testing.T, mode servertest.Mode) {
	for name, events := range map[string]*servertest.FaultyLog{
		"Follow": {FollowErr: servertest.ErrUnavailable}, "Bounds": {BoundsErr: servertest.ErrUnavailable}, "Lookup": {LookupErr: servertest.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			events.Log = eventlog.NewMemory(eventlog.Retention{})
			srv, ts := mode.Start(t, server.WithLog(events))
			for resume, want := range map[string]string{"12345": "12345", "0": "0", "rubbish": "1"} {
				r := servertest.Open(t, ts, "s", resume)
				if e := r.Next(); e.Name != "connected" || e.ID != want || e.Retry < 2000 || e.Retry > 7000 {
					t.Errorf("after %s: got %+v, want connected with id %s and a reconnection time", resume, e, want)
				}
				r.WantEnd()
			}
			res := servertest.Get(t, ts, servertest.StreamURL(ts, "s"))
			if res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" {
				t.Errorf("status %d, Retry-After %q", res.StatusCode, res.Header.Get("Retry-After"))
			}
			servertest.WantError(t, res, http.StatusServiceUnavailable, gen.RESTErrorTypeUnavailable)
			if n := events.Readers.Load(); n != 0 {
				t.Errorf("%d readers are left open", n)
			}
			if n := srv.Readers("s"); n != 0 {
				t.Errorf("%d readers are counted", n)
			}
		})
	}
}

// A gap that a stream finds while the log goes away is told when the log is back. Until
// then the stream tells no position from which the gap would not show any more.
func TestGapInOutage(t *testing.T) { servertest.BothModes(t, testGapInOutage) }

func testGapInOutage(t *testing.T, mode servertest.Mode) {
	for name, fail := range map[string]func(*servertest.FaultyLog){
		"Bounds": func(l *servertest.FaultyLog) { l.FailBounds.Store(3) },
		"Lookup": func(l *servertest.FaultyLog) { l.FailLookups.Store(3) },
	} {
		t.Run(name, func(t *testing.T) {
			events := &servertest.FaultyLog{Log: eventlog.NewMemory(eventlog.Retention{Entries: 3})}
			srv := mode.NewServer(t, server.WithLog(events), server.WithTiming(server.Timing{Heartbeat: 100 * time.Millisecond}))
			first := servertest.Publish(t, srv, "s", "")
			r := servertest.Open(t, servertest.Serve(t, srv), "s", "0")
			r.Want("connected", servertest.Before(t, first))
			r.WantContents(first)
			fail(events)
			entries := make([]eventlog.Entry, 10) // in one append, so that the reader cannot keep up
			for i := range entries {
				entries[i] = eventlog.Entry{Name: "content", Data: []byte("{}")}
			}
			if err := events.Append(t.Context(), eventlog.Session{ID: "s"}, nil, entries); err != nil {
				t.Fatal(err)
			}
			e := r.Next()
			for e.Name == "heartbeat" && e.ID == first {
				e = r.Next()
			}
			if want := strconv.FormatUint(entries[6].ID, 10); !servertest.IsGap(e) || e.ID != want {
				t.Fatalf("got %+v, want a gap event with id %s", e, want)
			}
			r.WantContents(strconv.FormatUint(entries[7].ID, 10))
		})
	}
}

// A log that fails within a stream ends it, and the client resumes.
func TestReadFails(t *testing.T) { servertest.BothModes(t, testReadFails) }

func testReadFails(t *testing.T, mode servertest.Mode) {
	log := &servertest.FaultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
	srv, ts := mode.Start(t, server.WithLog(log))
	servertest.Publish(t, srv, "s", "")
	r := servertest.Open(t, ts, "s")
	id := r.Next().ID
	broken := errors.New("broken")
	log.ReadErr.Store(broken)
	missed := servertest.Publish(t, srv, "s", "")
	r.WantEnd()
	log.ReadErr.Store(nil)
	r = servertest.Open(t, ts, "s", id)
	r.Want("connected", id, "content", missed)
}
