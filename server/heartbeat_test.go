package server_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

func TestHeartbeat(t *testing.T) { servertest.BothModes(t, testHeartbeat) }

func testHeartbeat(t *testing.T, mode servertest.Mode) {
	srv, ts := mode.Start(t, server.WithTiming(server.Timing{Heartbeat: 30 * time.Millisecond}))
	id := servertest.Publish(t, srv, "s", "")
	r := servertest.Open(t, ts, "s")
	r.Want("connected", id)
	beat := servertest.Event{Name: "heartbeat", ID: id, Data: `{"type":"heartbeat"}`, Retry: -1}
	for range 3 {
		if e := r.Next(); e != beat {
			t.Fatalf("got %+v, want %+v", e, beat)
		}
	}
}

// A heartbeat carries a position past the events of other sessions, and a resume there
// loses nothing.
func TestHeartbeatMovesOn(t *testing.T) { servertest.BothModes(t, testHeartbeatMovesOn) }

func testHeartbeatMovesOn(t *testing.T, mode servertest.Mode) {
	srv, ts := mode.Start(t, server.WithTiming(server.Timing{Heartbeat: 30 * time.Millisecond}), servertest.SmallLog(3))
	id := servertest.Publish(t, srv, "s", "")
	r := servertest.Open(t, ts, "s")
	r.Want("connected", id)
	ids := servertest.PublishN(t, srv, "busy", 20)
	end := ids[19]
	for e := r.Next(); e.ID != end; e = r.Next() {
		if e.Name != "heartbeat" || servertest.Number(t, e.ID) > servertest.Number(t, end) {
			t.Fatalf("got %+v", e)
		}
	}
	r.Close()
	missed := servertest.Publish(t, srv, "s", "")
	r = servertest.Open(t, ts, "s", end)
	r.Want("connected", end, "content", missed)
}

func TestHeartbeatInterval(t *testing.T) { servertest.BothModes(t, testHeartbeatInterval) }

func testHeartbeatInterval(t *testing.T, mode servertest.Mode) {
	synctest.Test(t, func(t *testing.T) {
		srv := mode.NewServer(t)
		servertest.Publish(t, srv, "s", "")
		r := servertest.Record(srv, "s", "")
		defer r.Leave()
		may := 2 * early(mode) // before its time
		for _, step := range []struct {
			wait    time.Duration
			publish bool
			events  int
		}{
			{0, false, 1},
			{15*time.Second - may - 1, false, 1},
			{may + 1, false, 2},
			{10 * time.Second, true, 3},
			{15*time.Second - may - 1, false, 3}, // an event postpones the heartbeat
			{may + 1, false, 4},
			{45 * time.Second, false, 7},
		} {
			time.Sleep(step.wait)
			if step.publish {
				servertest.Publish(t, srv, "s", "")
			}
			if n := len(r.Events()); n != step.events {
				t.Fatalf("%+v: %d events", step, n)
			}
		}
	})
}
