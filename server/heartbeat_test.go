package server_test

import (
	"testing"
	"time"

	"github.com/mixstream/mixstream/server"
)

func TestHeartbeat(t *testing.T) {
	srv := newServer(t, server.WithHeartbeat(30*time.Millisecond))
	ts := serve(t, srv)
	id := publish(t, srv, "s", "")
	r := open(t, ts, "s")
	r.want("connected", id)
	beat := event{"heartbeat", id, `{"type":"heartbeat"}`, -1}
	for range 3 {
		if e := r.next(); e != beat {
			t.Fatalf("got %+v, want %+v", e, beat)
		}
	}
}

// A heartbeat moves past the events of other sessions, and a resume there is
// without loss.
func TestHeartbeatMovesOn(t *testing.T) {
	srv := newServer(t, server.WithHeartbeat(30*time.Millisecond), smallLog(3))
	ts := serve(t, srv)
	id := publish(t, srv, "s", "")
	r := open(t, ts, "s")
	r.want("connected", id)
	ids := publishN(t, srv, "busy", 20)
	end := ids[19]
	for e := r.next(); e.id != end; e = r.next() {
		if e.name != "heartbeat" || number(t, e.id) > number(t, end) {
			t.Fatalf("got %+v", e)
		}
	}
	r.close()
	missed := publish(t, srv, "s", "")
	r = open(t, ts, "s", end)
	r.want("connected", end, "content", missed)
}
