package server_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/mixstream/mixstream/internal/servertest"
)

// A heartbeat comes 15 s after the last event, and carries a position past the events of other
// sessions.
func TestHeartbeat(t *testing.T) { servertest.BothModes(t, testHeartbeat) }

func testHeartbeat(t *testing.T, mode servertest.Mode) {
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
		want := servertest.Event{Name: "heartbeat", ID: servertest.Publish(t, srv, "other", ""), Data: `{"type":"heartbeat"}`, Retry: -1}
		time.Sleep(15 * time.Second)
		if got := r.Events()[7]; got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}
