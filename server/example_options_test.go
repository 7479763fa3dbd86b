package server_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// A user has at most one stream, and all users together have no limit. The other limits keep
// their defaults.
func ExampleWithLimits() {
	srv, err := mix.NewServer(server.WithLimits(server.Limits{
		Streams:          server.Unlimited,
		StreamsPerClient: 1,
		ClientKey:        func(r *http.Request) string { return r.Header.Get("X-User") },
	}))
	if err != nil {
		fmt.Println(err)
		return
	}
	ts := httptest.NewServer(srv)
	defer ts.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel() // which ends the streams
	if _, err := srv.Publish(ctx, "s1", &gen.ContentData{Type: "content", Content: "Hello"}); err != nil {
		fmt.Println(err)
		return
	}
	for _, user := range []string{"alice", "bob", "alice"} {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, ts.URL+"/stream?sessionId=s1", nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		r.Header.Set("X-User", user)
		res, err := ts.Client().Do(r)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(user, res.Status)
	}
	// Output:
	// alice 200 OK
	// bob 200 OK
	// alice 429 Too Many Requests
}

// Options add up: a field that is zero keeps what it was.
func ExampleWithTiming() {
	srv, err := mix.NewServer(
		server.WithTiming(server.Timing{Heartbeat: time.Minute, DrainWindow: server.None}),
		server.WithTiming(server.Timing{Retry: 500 * time.Millisecond}),
	)
	fmt.Println(srv != nil, err)

	_, err = mix.NewServer(server.WithTiming(server.Timing{Heartbeat: 15, WriteTimeout: server.None}))
	for line := range strings.Lines(err.Error()) {
		fmt.Println(strings.TrimSpace(line))
	}
	// Output:
	// true <nil>
	// server: Timing.Heartbeat 15ns: must be at least 1ms: a number without a unit counts nanoseconds
	// server: Timing.WriteTimeout: must not be None: a reader that stops reading would hold its stream forever
}
