package client_test

import (
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/mix"
)

// gaveUp opens a stream over f and returns what ends it.
func gaveUp(t *testing.T, f *transport, opts ...client.Option) error {
	t.Helper()
	s, err := f.open(t, opts...)
	if err == nil {
		defer s.Close()
		names(s)
		err = s.Err()
	}
	if !errors.Is(err, client.ErrGaveUp) || errors.Is(err, io.EOF) || strings.Count(err.Error(), "client: ") != 1 {
		t.Errorf("error: %v", err)
	}
	return err
}

func TestMaxAttempts(t *testing.T) {
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	opened := streams(connected("1"), 0, io.EOF)
	tests := []struct {
		name     string
		max      int
		steps    []step
		attempts int
	}{
		{"at first", 3, []step{fails(refused)}, 4},
		{"once", 1, []step{fails(refused)}, 2},
		{"later", 3, []step{opened, fails(refused)}, 4},
		{"never", -1, []step{opened, fails(refused)}, 1},
		{"never, at first", -1, []step{fails(refused)}, 1},
		{"status", 2, []step{status(503)}, 3},
		{"EOF", 2, []step{fails(io.EOF)}, 3},
		{"ended", 2, []step{opened}, 3},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := fake(test.steps...)
				err := gaveUp(t, f, client.WithRetryPolicy(client.RetryPolicy{MaxAttempts: test.max, MaxElapsedTime: client.NoTimeLimit}))
				if len(f.ids) != test.attempts {
					t.Errorf("%d attempts, want %d", len(f.ids), test.attempts)
				}
				var op *net.OpError
				var api *client.APIError
				switch last := test.steps[len(test.steps)-1]; test.name {
				case "status":
					if !errors.As(err, &api) || api.StatusCode != http.StatusServiceUnavailable {
						t.Errorf("%p: %v", last, err)
					}
				case "EOF", "ended", "never":
				default:
					if !errors.As(err, &op) || !errors.Is(err, syscall.ECONNREFUSED) {
						t.Errorf("the cause is hidden: %v", err)
					}
				}
			})
		})
	}
}

func TestMaxElapsedTime(t *testing.T) {
	opened := streams(connected("1"), 0, io.EOF)
	tests := []struct {
		name      string
		max       time.Duration
		steps     []step
		cause     error
		low, high time.Duration // how long it went on
	}{
		{"by default", 0, []step{opened, status(503)}, nil, 9 * time.Minute, 10 * time.Minute},
		{"at first", time.Minute, []step{fails(syscall.ECONNREFUSED)}, syscall.ECONNREFUSED, 20 * time.Second, time.Minute},
		{"hanging", 5 * time.Minute, []step{waits}, client.ErrConnectTimeout, 4 * time.Minute, 6 * time.Minute},
		{"without a first event", 5 * time.Minute, []step{streams(": hi\n\n", 0, nil)}, client.ErrConnectTimeout, 4 * time.Minute, 6 * time.Minute},
		{"closed after a while without an event", 5 * time.Minute, []step{streams("", 20*time.Second, io.EOF)}, nil, 4 * time.Minute, 6 * time.Minute},
		{"ended after connected, forever", time.Minute, []step{opened}, nil, 20 * time.Second, time.Minute},
		{"a delay beyond it", time.Minute, []step{status(503, "Retry-After", "90")}, nil, 0, 1},
		{"after an hour of events", time.Minute, []step{streams(connected("1"), 90*time.Second, io.EOF), fails(syscall.ECONNRESET)}, syscall.ECONNRESET, 100 * time.Second, 150 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				err := gaveUp(t, fake(test.steps...), client.WithRetryPolicy(client.RetryPolicy{MaxElapsedTime: test.max, MaxInterval: 10 * time.Second}))
				if test.cause != nil && !errors.Is(err, test.cause) {
					t.Errorf("error: %v", err)
				}
				between(t, "went on", time.Since(begun), test.low, test.high)
			})
		})
	}
}

// The connections of TestIdleSource never bring anything.
func TestIdleSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		source := fake(streams("", 0, nil)).source(t.Context())
		defer source.Close()
		_, err := source.Next()
		if !errors.Is(err, client.ErrGaveUp) || !errors.Is(err, client.ErrIdle) {
			t.Errorf("error: %v", err)
		}
		between(t, "went on", time.Since(begun), 8*time.Minute, 12*time.Minute)
		if _, again := source.Next(); again != err {
			t.Errorf("again: %v", again)
		}
	})
}

// The time that the caller takes between two events does not count.
func TestOwnTimeIsNoOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fake(paced(nil, part{0, connected("5")}), streams(connected("5")+deleted("9", session), 0, nil))
		c, err := mix.NewClient("http://fake", client.WithHTTPClient(&http.Client{Transport: f}))
		if err != nil {
			t.Fatal(err)
		}
		id := "5"
		s, err := c.StreamEvents(t.Context(), session, &id)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		next(t, s)
		time.Sleep(15 * time.Minute)
		if got := names(s); s.Err() != nil || len(f.ids) != 2 {
			t.Errorf("got %s, error %v after %d attempts", got, s.Err(), len(f.ids))
		}
	})
}

// NaN is no multiplier.
func TestMultiplierThatIsNoNumber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fake(status(503), status(503), status(503), streams(deleted("9", session), 0, nil))
		s, err := f.open(t, client.WithRetryPolicy(client.RetryPolicy{Multiplier: math.NaN(), MaxElapsedTime: client.NoTimeLimit}))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if names(s); s.Err() != nil || time.Since(f.begun) > 2*time.Second {
			t.Errorf("error %v after %v", s.Err(), time.Since(f.begun))
		}
	})
}
