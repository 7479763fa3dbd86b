package server_test

import (
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// newFails expects that New refuses options, in an error of one line for each text, which has
// that text.
func newFails(t *testing.T, texts []string, opts ...server.Option) {
	t.Helper()
	srv, err := mix.NewServer(opts...)
	if err == nil || srv != nil {
		t.Errorf("accepted; want %q", texts)
		return
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != len(texts) {
		t.Errorf("got %q, want %q", err, texts)
		return
	}
	for i, text := range texts {
		if !strings.HasPrefix(lines[i], "server: ") || !strings.Contains(lines[i], text) {
			t.Errorf("got %q, want %q", lines[i], text)
		}
	}
}

// New refuses a negative value of each limit, and Unlimited where there must be a limit.
func TestLimitsRefused(t *testing.T) {
	required := map[string]bool{"EventSize": true, "SessionIDLength": true}
	someKey := func(*http.Request) string { return "" }
	typ := reflect.TypeFor[server.Limits]()
	for i := range typ.NumField() {
		field := typ.Field(i)
		if field.Type.Kind() != reflect.Int {
			continue
		}
		with := func(n int) server.Option {
			l := server.Limits{ClientKey: someKey}
			reflect.ValueOf(&l).Elem().Field(i).SetInt(int64(n))
			return server.WithLimits(l)
		}
		newFails(t, []string{"Limits." + field.Name + " -2: must not be negative, unless it is Unlimited"}, with(-2))
		if required[field.Name] {
			newFails(t, []string{"Limits." + field.Name + ": must not be Unlimited: "}, with(server.Unlimited))
		} else if _, err := mix.NewServer(with(server.Unlimited)); err != nil {
			t.Error(err)
		}
		if _, err := mix.NewServer(with(1)); err != nil {
			t.Error(err)
		}
	}
	newFails(t, []string{"Limits.StreamsPerClient: needs Limits.ClientKey"}, server.WithLimits(server.Limits{StreamsPerClient: 1}))
	newFails(t, []string{"Limits.Streams -3", "Limits.EventSize: must not be Unlimited"},
		server.WithLimits(server.Limits{Streams: -3, EventSize: server.Unlimited}), server.WithLimits(server.Limits{Streams: 1, EventSize: 1}))
	if _, err := mix.NewServer(server.WithLimits(server.Limits{ClientKey: someKey}), server.WithLimits(server.Limits{StreamsPerClient: 1})); err != nil {
		t.Error(err)
	}
}

// A zero field keeps the limit that an earlier option has set, and Unlimited takes it away.
func TestLimitsAddUp(t *testing.T) {
	const many = 300
	for name, test := range map[string]struct {
		opts []server.Option
		ok   int // of many streams
	}{
		"the zero value":   {[]server.Option{server.WithLimits(server.Limits{})}, many},
		"one":              {[]server.Option{server.WithLimits(server.Limits{Streams: 2})}, 2},
		"and another":      {[]server.Option{server.WithLimits(server.Limits{Streams: 2}), server.WithLimits(server.Limits{EventSize: 100})}, 2},
		"the later counts": {[]server.Option{server.WithLimits(server.Limits{Streams: 2}), server.WithLimits(server.Limits{Streams: 4})}, 4},
		"unlimited":        {[]server.Option{server.WithLimits(server.Limits{StreamsPerSession: 2}), server.WithLimits(server.Limits{StreamsPerSession: server.Unlimited})}, many},
		"of a client": {[]server.Option{
			server.WithLimits(server.Limits{StreamsPerClient: 3, ClientKey: server.ClientAddress}), server.WithLimits(server.Limits{Publishes: 1}),
		}, 3},
		"of no client": {[]server.Option{
			server.WithLimits(server.Limits{StreamsPerClient: 3, ClientKey: func(*http.Request) string { return "" }}),
		}, many},
	} {
		t.Run(name, func(t *testing.T) {
			srv := servertest.NewServer(t, append(test.opts, servertest.AnySession())...)
			ts := servertest.Serve(t, srv)
			wanted := min(test.ok, 5) // streams, and then one more than there may be
			for range wanted {
				servertest.Open(t, ts, "s")
			}
			res := servertest.Get(t, ts, servertest.StreamURL(ts, "s"))
			if refused := res.StatusCode != http.StatusOK; refused != (test.ok < many) {
				t.Errorf("after %d streams: %s", wanted, res.Status)
			}
		})
	}
}
