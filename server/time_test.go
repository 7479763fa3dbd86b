package server_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server"
)

// early is by how much what is due may come before its time.
func early() time.Duration {
	if detachedMode() {
		return server.MaxPart
	}
	return 0
}

func TestHeartbeatInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		publish(t, srv, "s", "")
		r := record(srv, "s", "")
		defer r.leave()
		may := 2 * early() // come before its time
		for _, step := range []struct {
			wait    time.Duration
			publish bool
			events  int
		}{
			{0, false, 1},
			{15*time.Second - may - 1, false, 1},
			{may + 1, false, 2},
			{10 * time.Second, true, 3},
			{15*time.Second - may - 1, false, 3}, // an event puts the heartbeat off
			{may + 1, false, 4},
			{45 * time.Second, false, 7},
		} {
			time.Sleep(step.wait)
			if step.publish {
				publish(t, srv, "s", "")
			}
			if n := len(r.events()); n != step.events {
				t.Fatalf("%+v: %d events", step, n)
			}
		}
	})
}

func TestDeleteGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		first := publish(t, srv, "s", "")
		end := remove(t, srv, "s")
		for _, step := range []struct {
			wait  time.Duration
			codes string // of a resume before the end, one at the end, and a fresh stream
		}{
			{0, "200 204 404"},
			{5*time.Minute - 1, "200 204 404"},
			{1, "404 404 404"},
		} {
			time.Sleep(step.wait)
			var codes [3]int
			for i, id := range []string{first, end, ""} {
				r := record(srv, "s", id)
				<-r.ended
				codes[i] = r.res.StatusCode
			}
			if got := fmt.Sprint(codes); got != "["+step.codes+"]" {
				t.Errorf("%+v: got %s", step, got)
			}
		}
	})
}

func TestMaxConnectionAge(t *testing.T) {
	for _, age := range []time.Duration{time.Second, 10 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			srv := newServer(t, server.WithMaxConnectionAge(age), server.WithHeartbeat(time.Hour))
			id := publish(t, srv, "s", "")
			ends := make(map[time.Duration]bool)
			for range 20 {
				time.Sleep(server.MaxPart / 3) // away from where the wheel is called
				began := time.Now()
				r := record(srv, "s", "")
				<-r.ended
				took := time.Since(began)
				if took > age || took < age-age/10-early() {
					t.Errorf("ended after %v", took)
				}
				ends[took] = true
				events := r.events()
				if e := events[len(events)-1]; len(events) != 2 || e.name != "heartbeat" || e.id != id || e.retry < 2000 || e.retry > 4000 {
					t.Errorf("got %+v", events)
				}
			}
			if len(ends) < 2 {
				t.Errorf("all ended after %v", ends)
			}
		})
	}
}

// Many streams are spread over the window, few are not kept that long.
func TestDrainWindow(t *testing.T) {
	for _, test := range []struct {
		streams int
		window  time.Duration
		timeout time.Duration
		most    time.Duration
	}{
		{1000, 5 * time.Second, time.Hour, 5 * time.Second},
		{10, 5 * time.Second, time.Hour, 100 * time.Millisecond},
		{1000, 5 * time.Second, 2 * time.Second, time.Second},
		{10, 0, time.Hour, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			srv := newServer(t, server.WithDrainWindow(test.window))
			publish(t, srv, "s", "")
			var all []*recorded
			for range test.streams {
				all = append(all, record(srv, "s", ""))
			}
			ctx, cancel := context.WithTimeout(t.Context(), test.timeout)
			defer cancel()
			began := time.Now()
			if err := srv.Shutdown(ctx); err != nil {
				t.Error(err)
			}
			took := time.Since(began)
			if took > test.most || took < test.most/10-early() { // ten that all end so early are one in 10^10
				t.Errorf("%+v: took %v", test, took)
			}
			for _, r := range all {
				<-r.ended
			}
		})
	}
}

// A deleted session of which nothing is retained tells the gap, and ends.
func TestDeletedAndTrimmed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, server.WithLog(eventlog.NewMemory(eventlog.Retention{Age: time.Minute})))
		first := publish(t, srv, "s", "")
		end := remove(t, srv, "s")
		time.Sleep(2 * time.Minute)
		r := record(srv, "s", first)
		<-r.ended
		events := r.events()
		if len(events) != 2 || events[0].id != first || !isGap(events[1]) || events[1].id != end {
			t.Errorf("got %+v", events)
		}
		for _, id := range []string{end, "0"} {
			r = record(srv, "s", id)
			<-r.ended
			if r.res.StatusCode != http.StatusNoContent {
				t.Errorf("resume at %s: %d", id, r.res.StatusCode)
			}
		}
	})
}

// A stream whose session was deleted ends in the gap in which it was forgotten, although
// a look-up fails in between and the application vouches for the id.
func TestDeletionOutlastsFailedLookup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		events := &faultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
		srv := newServer(t, server.WithLog(events), anySession(), server.WithLogOutage(time.Hour))
		first := publish(t, srv, "s", "")
		end := remove(t, srv, "s")
		events.read.Store(errGone)
		r := record(srv, "s", before(t, first)) // which learns of the deletion, and reads nothing
		defer r.conn.Close()
		time.Sleep(10 * time.Minute) // over the grace period
		publish(t, srv, "other", "") // upon which the log forgets the session
		events.failLookup.Store(1)
		events.read.Store(nil)
		time.Sleep(time.Minute)
		select {
		case <-r.ended:
		default:
			t.Error("the stream goes on")
		}
		got := r.events()
		if e := got[len(got)-1]; !isGap(e) || number(t, e.id) < number(t, end) {
			t.Errorf("the last event is %+v, want a gap behind %s", e, end)
		}
	})
}

// When the context ends first, no stream waits for its turn.
func TestShutdownAbortsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		publish(t, srv, "s", "")
		var all []*recorded
		for range 1000 {
			all = append(all, record(srv, "s", ""))
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		began := time.Now()
		if err := srv.Shutdown(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		for _, r := range all {
			<-r.ended
		}
		if took := time.Since(began); took > 0 {
			t.Errorf("took %v", took)
		}
	})
}
