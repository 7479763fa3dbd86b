package server_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

// A stream outlasts an outage of the log with heartbeats, and finds out that the log is back even
// if nothing wakes it.
func TestStreamOutlastsOutage(t *testing.T) { servertest.BothModes(t, testStreamOutlastsOutage) }

func testStreamOutlastsOutage(t *testing.T, mode servertest.Mode) {
	events := &servertest.FaultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
	srv := mode.NewServer(t, server.WithLog(events), server.WithTiming(server.Timing{Heartbeat: 20 * time.Millisecond}))
	first := servertest.Publish(t, srv, "s", "first")
	r := servertest.Open(t, servertest.Serve(t, srv), "s", "0")
	r.Want("connected", servertest.Before(t, first), "content", first)
	events.ReadErr.Store(servertest.ErrUnavailable)
	missed := servertest.Publish(t, srv, "s", "missed")
	r.Want("heartbeat", first, "heartbeat", first, "heartbeat", first)
	events.ReadErr.Store(nil)
	r.WantBeats("content", missed)
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
