package server_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

// An open stream is authorized again and again. A refusal ends it within the interval; while the
// authorizer fails, it goes on. Without the option, the server asks once.
func TestReauthorization(t *testing.T) { servertest.BothModes(t, testReauthorization) }

func testReauthorization(t *testing.T, mode servertest.Mode) {
	const interval = 10 * time.Minute
	for _, test := range []struct {
		answer error
		ends   bool
	}{
		{server.ErrUnauthorized, true},
		{server.ErrForbidden, true},
		{&server.RefusalError{Status: 404}, true},
		{fmt.Errorf("x: %w", &server.RefusalError{Status: 429}), true},
		{errors.New("connection refused"), false},
		{&server.RefusalError{Status: 503}, false},
		{&server.RefusalError{Status: 1}, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			var v servertest.Verdict
			var l logged
			srv := mode.NewServer(t, servertest.AnySession(), l.option(), server.WithAuthorizer(v.Authorize), server.WithTiming(server.Timing{Reauthorization: interval, Heartbeat: time.Hour}))
			took := make(map[time.Duration]bool)
			for range 3 {
				v.Set(nil)
				r := servertest.Record(srv, "s", "")
				time.Sleep(10 * interval)
				if n := v.Count(); n < 11 || n > 12 {
					t.Fatalf("asked %d times in ten intervals", n)
				}
				v.Set(test.answer)
				began := time.Now()
				if !test.ends {
					time.Sleep(10 * interval)
					id := servertest.Publish(t, srv, "s", "")
					events := r.Events()
					if e := events[len(events)-1]; e.Name != "content" || e.ID != id {
						t.Errorf("%v: got %+v", test.answer, e)
					}
					if v.Count() < 10 || l.count("msg=reauthorize session=s ") != v.Count() {
						t.Errorf("asked %d times, logged %s", v.Count(), &l.buf)
					}
					r.Leave()
					break
				}
				<-r.Ended
				took[time.Since(began)] = true
			}
			for d := range took {
				if d > interval || len(took) < 2 {
					t.Errorf("%v: ended after %v", test.answer, took)
				}
			}
			wantFree(t, srv)
		})
	}
	synctest.Test(t, func(t *testing.T) {
		var v servertest.Verdict
		r := servertest.Record(mode.NewServer(t, servertest.AnySession(), server.WithAuthorizer(v.Authorize)), "s", "")
		time.Sleep(24 * time.Hour)
		if n := v.Count(); n != 1 {
			t.Errorf("asked %d times", n)
		}
		r.Leave()
	})
}
