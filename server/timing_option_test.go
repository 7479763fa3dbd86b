package server_test

import (
	"net/http"
	"reflect"
	"testing"
	"time"

	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// New refuses a negative value of each time and one below a millisecond, and None where there must
// be a time.
func TestTimingRefused(t *testing.T) {
	required := map[string]bool{"Heartbeat": true, "WriteTimeout": true, "DeleteGrace": true}
	allow := server.WithAuthorizer(func(*http.Request, string) error { return nil })
	typ := reflect.TypeFor[server.Timing]()
	for i := range typ.NumField() {
		name := typ.Field(i).Name
		with := func(d time.Duration) server.Option {
			var timing server.Timing
			reflect.ValueOf(&timing).Elem().Field(i).SetInt(int64(d))
			return server.WithTiming(timing)
		}
		newFails(t, []string{"Timing." + name + " -1s: must not be negative, unless it is None"}, allow, with(-time.Second))
		newFails(t, []string{"Timing." + name + " 15ns: must be at least 1ms"}, allow, with(15))
		if required[name] {
			newFails(t, []string{"Timing." + name + ": must not be None: "}, allow, with(server.None))
		} else if _, err := mix.NewServer(allow, with(server.None)); err != nil {
			t.Error(err)
		}
		if _, err := mix.NewServer(allow, with(time.Millisecond)); err != nil {
			t.Error(err)
		}
	}
	newFails(t, []string{"Timing.Reauthorization: needs WithAuthorizer"}, server.WithTiming(server.Timing{Reauthorization: time.Minute}))
	newFails(t, []string{"Timing.Retry -2ns", "WithScope: the function is nil"}, server.WithScope(nil), server.WithTiming(server.Timing{Retry: -2}))
}

// A zero field keeps the time that an earlier option has set, and None stands for no time.
func TestTimingAddsUp(t *testing.T) {
	for name, test := range map[string]struct {
		retry int // milliseconds
		opts  []server.Option
	}{
		"by default":       {2000, nil},
		"the zero value":   {2000, []server.Option{server.WithTiming(server.Timing{})}},
		"one":              {3000, []server.Option{server.WithTiming(server.Timing{Retry: 3 * time.Second})}},
		"and another":      {3000, []server.Option{server.WithTiming(server.Timing{Retry: 3 * time.Second}), server.WithTiming(server.Timing{Heartbeat: time.Hour})}},
		"rounded up":       {1235, []server.Option{server.WithTiming(server.Timing{Retry: 1234567 * time.Microsecond})}},
		"the later counts": {4000, []server.Option{server.WithTiming(server.Timing{Retry: 3 * time.Second}), server.WithTiming(server.Timing{Retry: 4 * time.Second})}},
		"none":             {0, []server.Option{server.WithTiming(server.Timing{Retry: 3 * time.Second}), server.WithTiming(server.Timing{Retry: server.None})}},
	} {
		t.Run(name, func(t *testing.T) {
			srv := servertest.NewServer(t, append(test.opts, servertest.AnySession())...)
			if e := servertest.Open(t, servertest.Serve(t, srv), "s").Next(); e.Retry != test.retry {
				t.Errorf("the reconnection time is %d ms, want %d", e.Retry, test.retry)
			}
		})
	}
}
