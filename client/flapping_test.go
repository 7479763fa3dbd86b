package client_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/streamtest"
)

// flapping are servers that accept every connection and close it at once.
var flapping = map[string]streamtest.Script{
	"before the answer": nil,
	"by reset":          {streamtest.Reset()},
	"after the header":  {streamtest.Open()},
	"after connected":   send(connected("1")),
}

// flap reads a stream of such a server to its end, which must be ErrGaveUp. It
// returns the reconnections.
func flap(t *testing.T, server *fakeServer, policy client.RetryPolicy) []client.Retry {
	t.Helper()
	var retries []client.Retry
	opts := []client.Option{client.WithRetryPolicy(policy), client.WithHooks(client.Hooks{Retrying: func(r client.Retry) { retries = append(retries, r) }})}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second) // for a client that never gives up
	defer cancel()
	s, err := server.client().StreamEvents(ctx, session, nil, opts...)
	if err == nil {
		defer s.Close()
		names(s)
		err = s.Err()
	}
	if !errors.Is(err, client.ErrGaveUp) {
		t.Errorf("error: %v", err)
	}
	if n := server.Connections(); n != len(retries)+1 {
		t.Errorf("%d connections, %d retries", n, len(retries))
	}
	for i, r := range retries {
		if r.Attempt != i+1 || r.Err == nil {
			t.Errorf("retry %d: %+v", i+1, r)
		}
	}
	return retries
}

// TestFlappingServerGetsTime checks that the delays grow, up to the limit of attempts.
func TestFlappingServerGetsTime(t *testing.T) {
	const attempts = 16
	for name, script := range flapping {
		t.Run(name, func(t *testing.T) {
			retries := flap(t, serve(t, script), client.RetryPolicy{InitialInterval: 10 * time.Microsecond, Multiplier: 2, MaxAttempts: attempts})
			if len(retries) != attempts {
				t.Fatalf("%d retries, want %d", len(retries), attempts)
			}
			interval := 10 * time.Microsecond
			for _, r := range retries {
				between(t, "delay", r.Delay, 0, interval)
				interval *= 2
			}
			// The first four are 150 µs at most. The last four are random up to 41, 82,
			// 164 and 328 ms: that none is longer than that has a chance of 1 in 10^11.
			var longest time.Duration
			for _, r := range retries[attempts-4:] {
				longest = max(longest, r.Delay)
			}
			if longest <= 150*time.Microsecond {
				t.Errorf("the delays do not grow: %v", retries)
			}
		})
	}
}

// The client gives a flapping server up after the time in the policy.
func TestFlappingServerIsGivenUp(t *testing.T) {
	const most = 300 * time.Millisecond
	for name, script := range flapping {
		t.Run(name, func(t *testing.T) {
			retries := flap(t, serve(t, script), client.RetryPolicy{InitialInterval: 10 * time.Millisecond, Multiplier: 2, MaxElapsedTime: most})
			var waited time.Duration
			for _, r := range retries {
				waited += r.Delay
			}
			if waited > most {
				t.Errorf("the delays are %v in all, want %v at most", waited, most)
			}
		})
	}
}
