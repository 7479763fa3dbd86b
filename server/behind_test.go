package server_test

import (
	"bytes"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// gate lets no write that contains a mark pass until it is opened.
func gate(mark string) (gated func(*httptest.Server), reached <-chan struct{}, pass chan<- struct{}) {
	at, through := make(chan struct{}), make(chan struct{})
	return tap(func(p []byte) {
		if bytes.Contains(p, []byte(mark)) {
			at <- struct{}{}
			<-through
		}
	}), at, through
}

// heldUp opens a stream of the session s and holds up the write of an event, whose
// id it returns, until something is sent to pass.
func heldUp(t *testing.T, srv *mix.Server) (r *reader, held string, pass chan<- struct{}) {
	t.Helper()
	gated, reached, pass := gate("hold")
	ts := serve(t, srv, gated)
	publish(t, srv, "s", "before")
	r = open(t, ts, "s")
	r.next()
	held = publish(t, srv, "s", "hold")
	receive(t, reached)
	return r, held, pass
}

// A reader that falls behind the retention is told so, and goes on.
func TestSlowReaderFallsBehind(t *testing.T) {
	srv := newServer(t, smallLog(4))
	r, held, pass := heldUp(t, srv)
	ids := publishN(t, srv, "s", 50) // publishing does not wait for the reader
	pass <- struct{}{}
	r.wantContents(held)
	r.wantGap(ids[45])
	r.wantContents(ids[46:]...)
	r.wantContents(publish(t, srv, "s", "next"))
}

// A reader that is within the retention loses nothing, however slow.
func TestSlowReaderWithinRetention(t *testing.T) {
	srv := newServer(t)
	r, held, pass := heldUp(t, srv)
	ids := publishN(t, srv, "s", 5000)
	pass <- struct{}{}
	r.wantContents(held)
	r.wantContents(ids...)
}

// A session may end, and be forgotten, within a gap.
func TestSlowReaderOfForgottenSession(t *testing.T) {
	srv := newServer(t, smallLog(4), server.WithDeleteGrace(time.Nanosecond))
	r, held, pass := heldUp(t, srv)
	end, err := srv.DeleteSession(t.Context(), "s")
	if err != nil {
		t.Fatal(err)
	}
	publish(t, srv, "other", "whatever") // which lets the log forget
	pass <- struct{}{}
	r.wantContents(held)
	r.wantGap(end)
	r.wantEnd()
}
