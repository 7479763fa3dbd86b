package client_test

import (
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/streamtest"
)

// The servers of TestRetryAfter ask for a second, on the first connection and on a later one.
// The test checks when the client comes back.
func TestRetryAfter(t *testing.T) {
	// Each form returns a header, and the time before which no request may come.
	forms := map[string]func() (string, time.Time){
		"seconds": func() (string, time.Time) { return "1", time.Now().Add(time.Second) },
		"date": func() (string, time.Time) {
			at := time.Now().Add(2 * time.Second).UTC().Truncate(time.Second) // one to two seconds from now
			return at.Format(http.TimeFormat), at
		},
	}
	for name, form := range forms {
		for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
			t.Run(strconv.Itoa(status)+" "+name, func(t *testing.T) {
				t.Parallel()
				var mu sync.Mutex
				var asked []time.Time
				busy := streamtest.Script{func(c *streamtest.Conn) error {
					header, at := form()
					mu.Lock()
					asked = append(asked, at)
					mu.Unlock()
					return streamtest.Answer(status, "", "Retry-After", header)(c)
				}}
				// A clock that is being set right may run a little slower than time.
				patient := func(*streamtest.Conn) error {
					mu.Lock()
					defer mu.Unlock()
					if early := time.Until(asked[len(asked)-1]); early > 10*time.Millisecond {
						t.Errorf("came back %v too early", early)
					}
					return nil
				}
				server := serve(t,
					busy, append(streamtest.Script{patient}, send(connected("1"))...),
					busy, append(streamtest.Script{patient}, hold(connected("1")+deleted("2", session))...))
				wantFinished(t, server.stream(""), "connected 1", "connected 1", "session_deleted 2")
				wantIDs(t, server, "-", "-", "1", "1")
			})
		}
	}
}

// The server of TestRetryAfterIsBounded asks for an hour. Without the limit, the test would
// last as long.
func TestRetryAfterIsBounded(t *testing.T) {
	for name, header := range map[string]string{
		"seconds": "3600",
		"date":    time.Now().Add(time.Hour).UTC().Format(http.TimeFormat),
	} {
		for _, most := range []time.Duration{50 * time.Millisecond, -1} {
			t.Run(name+" "+most.String(), func(t *testing.T) {
				var delays []time.Duration
				server := serve(t, answer(429, "", "", "Retry-After", header), answer(503, "", "", "Retry-After", header), over)
				s := server.stream("",
					client.WithRetryPolicy(client.RetryPolicy{InitialInterval: 1, MaxInterval: 1, MaxServerDelay: most}),
					client.WithHooks(client.Hooks{Retrying: func(r client.Retry) {
						if delays = append(delays, r.Delay); r.Delay > time.Minute {
							t.Fatalf("delay: %v", r.Delay)
						}
					}}))
				wantFinished(t, s)
				if len(delays) != 2 {
					t.Fatalf("delays: %v", delays)
				}
				for _, d := range delays {
					between(t, "delay", d, max(most, 0), max(most, 0)+1)
				}
			})
		}
	}
}
