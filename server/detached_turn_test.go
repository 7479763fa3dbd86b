//go:build unix

package server

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
)

// full is a connection that takes nothing at once.
type full struct{ nowhere }

func (*full) Write(func(fd uintptr) (done bool)) error { return nil }

// An outage of the log is over when the log was read, also if the reader is behind then.
func TestOutageIsOverForReaderBehind(t *testing.T) {
	var fails error
	c := newCrew(t, WithLog(&ReadLog{eventlog.NewMemory(eventlog.Retention{}), func(context.Context, string) error { return fails }}))
	d := standIn(t, c.srv, "s", &full{}, unread{})
	c.publish("s")
	fails = eventlog.ErrUnavailable
	if _, ended, err := d.turn(); ended || err != nil || d.outage.since == 0 {
		t.Fatalf("ended %v, %v, in an outage since %v", ended, err, d.outage.since)
	}
	fails = nil
	if _, _, err := d.turn(); !errors.Is(err, errBehind) {
		t.Fatalf("got %v, want that the reader is behind", err)
	}
	if d.outage != (outage{}) {
		t.Errorf("the log was read, and the outage goes on: %+v", d.outage)
	}
}

// taker is a connection that takes all that a goroutine writes.
type taker struct{ unread }

func (taker) Write(p []byte) (int, error) { return len(p), nil }

// A stream that ends for an outage says so, though a goroutine has to write its last.
func TestOutageEndsReaderBehind(t *testing.T) {
	c := newCrew(t, WithLogOutage(0), WithLog(&ReadLog{eventlog.NewMemory(eventlog.Retention{}), func(context.Context, string) error { return eventlog.ErrUnavailable }}))
	d := standIn(t, c.srv, "s", &full{}, taker{})
	if _, _, err := d.turn(); !errors.Is(err, errBehind) {
		t.Fatalf("got %v, want that the reader is behind", err)
	}
	if _, ended, err := d.pay(); !ended || !errors.Is(err, eventlog.ErrUnavailable) {
		t.Errorf("ended %v, %v, want that the log is unavailable", ended, err)
	}
}

// The end that a drain has drawn stays, though a reauthorization is due at the same time and
// the turn is taken again for it.
func TestDrainDrawsOnce(t *testing.T) {
	c := newCrew(t, WithAuthorizer(func(*http.Request, string) error { return nil }), WithReauthorization(time.Hour))
	conn := c.conn()
	d := standIn(t, c.srv, "s", &conn, unread{})
	c.srv.streams.spread = time.Hour
	d.check = c.srv.now()
	d.calls.Or(callDrain)
	if _, _, err := d.turn(); !errors.Is(err, errBehind) {
		t.Fatalf("got %v, want that the authorizer is asked elsewhere", err)
	}
	drawn := d.leave
	d.blocking = true
	if _, ended, err := d.turn(); ended || err != nil || d.leave != drawn || d.check <= c.srv.now() {
		t.Errorf("ended %v, %v; the end was drawn at %d, and then at %d", ended, err, drawn, d.leave)
	}
}

// A stream that is to end ends while there is time: a wheel would call it too late.
func TestDetachedStreamEndsInTime(t *testing.T) {
	c := newCrew(t)
	conn := c.conn()
	d := standIn(t, c.srv, "s", &conn, unread{})
	if _, ended, err := d.turn(); ended || err != nil {
		t.Fatalf("ended %v, %v", ended, err)
	}
	c.srv.streams.spread = c.srv.wheel.part / 2
	d.calls.Or(callDrain)
	if _, ended, err := d.turn(); !ended || err != nil || conn.last.Load() == 0 {
		t.Errorf("ended %v, %v", ended, err)
	}
}
