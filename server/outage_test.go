package server_test

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/server"
)

var errGone = fmt.Errorf("test: %w", eventlog.ErrUnavailable)

// While its log is gone, a stream stays open with heartbeats, and goes on when the
// log is back, also if nobody wakes it.
func TestStreamOutlastsOutage(t *testing.T) {
	events := &faultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
	srv := newServer(t, server.WithLog(events), server.WithHeartbeat(20*time.Millisecond))
	first := publish(t, srv, "s", "first")
	r := open(t, serve(t, srv), "s", "0")
	r.want("connected", before(t, first))
	r.wantContents(first)
	events.read.Store(errGone)
	missed := publish(t, srv, "s", "missed")
	for range 3 {
		if e := r.next(); e.name != "heartbeat" || e.id != first || e.retry >= 0 {
			t.Fatalf("got %+v, want a heartbeat at %s", e, first)
		}
	}
	events.read.Store(nil)
	e := r.next()
	for e.name == "heartbeat" {
		e = r.next()
	}
	if e.id != missed {
		t.Errorf("got %+v, want event %s", e, missed)
	}
}

// A log that is back is found so without a wake and without a heartbeat.
func TestLogIsTriedAgain(t *testing.T) {
	events := &faultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
	srv := newServer(t, server.WithLog(events), server.WithHeartbeat(time.Hour))
	id := publish(t, srv, "s", "")
	r := open(t, serve(t, srv), "s")
	r.want("connected", id)
	events.read.Store(errGone)
	missed := publish(t, srv, "s", "")
	until(t, "the log is read", func() bool { return events.failed.Load() > 0 })
	events.read.Store(nil)
	r.wantContents(missed)
}

// A log that tells a gap after a position that it has is behind for a moment. The stream
// waits for it: to go back would repeat what was written.
func TestStreamNeverGoesBack(t *testing.T) {
	events := &faultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
	srv := newServer(t, server.WithLog(events))
	ids := publishN(t, srv, "s", 3)
	r := open(t, serve(t, srv), "s", "0")
	r.want("connected", before(t, ids[0]))
	r.wantContents(ids...)
	behind := fmt.Errorf("test: %w", eventlog.ErrGap)
	events.read.Store(behind)
	next := publish(t, srv, "s", "next")
	until(t, "the log is read", func() bool { return events.failed.Load() > 0 })
	events.read.Store(nil)
	r.wantContents(next)
}

// An outage that is longer than the limit ends the stream, whose client is told when
// to come back.
func TestOutageEndsStream(t *testing.T) {
	o := newObserver()
	events := &faultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
	srv := newServer(t, server.WithLog(events), server.WithObserver(o), server.WithLogOutage(50*time.Millisecond))
	r, s := followed(t, srv, o, srv)
	events.read.Store(errGone)
	publish(t, srv, "s", "")
	e := r.next()
	if e.name != "heartbeat" || e.retry < 2000 || e.retry > 7000 {
		t.Errorf("got %+v, want a heartbeat with a reconnection time", e)
	}
	r.wantEnd()
	s.wantEnd(t, server.EndLogUnavailable)
}

// Without the log, a stream that is to go on after an id gets that id back, and any
// other gets a 503.
func TestOpenWithoutLog(t *testing.T) {
	for name, events := range map[string]*faultyLog{
		"Follow": {follow: errGone}, "Bounds": {bounds: errGone}, "Lookup": {lookup: errGone},
	} {
		t.Run(name, func(t *testing.T) {
			events.Log = eventlog.NewMemory(eventlog.Retention{})
			srv := newServer(t, server.WithLog(events))
			ts := serve(t, srv)
			for resume, want := range map[string]string{"12345": "12345", "0": "0", "rubbish": "1"} {
				r := open(t, ts, "s", resume)
				if e := r.next(); e.name != "connected" || e.id != want || e.retry < 2000 || e.retry > 7000 {
					t.Errorf("after %s: got %+v, want connected with id %s and a reconnection time", resume, e, want)
				}
				r.wantEnd()
			}
			res := get(t, ts, streamURL(ts, "s"))
			if res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" {
				t.Errorf("status %d, Retry-After %q", res.StatusCode, res.Header.Get("Retry-After"))
			}
			wantError(t, res, http.StatusServiceUnavailable, gen.RESTErrorTypeUnavailable)
			if n := events.open.Load(); n != 0 {
				t.Errorf("%d readers are left open", n)
			}
			if n := srv.Readers("s"); n != 0 {
				t.Errorf("%d readers are counted", n)
			}
		})
	}
}

// A gap that is found while the log goes away is told when it is back, and no position
// is told until then from which it could not be seen any more.
func TestGapInOutage(t *testing.T) {
	for name, fail := range map[string]func(*faultyLog){
		"Bounds": func(l *faultyLog) { l.failBounds.Store(3) },
		"Lookup": func(l *faultyLog) { l.failLookup.Store(3) },
	} {
		t.Run(name, func(t *testing.T) {
			events := &faultyLog{Log: eventlog.NewMemory(eventlog.Retention{Entries: 3})}
			srv := newServer(t, server.WithLog(events), server.WithHeartbeat(100*time.Millisecond))
			first := publish(t, srv, "s", "")
			r := open(t, serve(t, srv), "s", "0")
			r.want("connected", before(t, first))
			r.wantContents(first)
			fail(events)
			entries := make([]eventlog.Entry, 10) // at once, so that the reader cannot keep up
			for i := range entries {
				entries[i] = eventlog.Entry{Name: "content", Data: []byte("{}")}
			}
			if err := events.Append(t.Context(), eventlog.Session{ID: "s"}, nil, entries); err != nil {
				t.Fatal(err)
			}
			e := r.next()
			for e.name == "heartbeat" && e.id == first {
				e = r.next()
			}
			if want := strconv.FormatUint(entries[6].ID, 10); !isGap(e) || e.id != want {
				t.Fatalf("got %+v, want a gap event with id %s", e, want)
			}
			r.wantContents(strconv.FormatUint(entries[7].ID, 10))
		})
	}
}
