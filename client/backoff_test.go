package client_test

import (
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mixstream/mixstream/client"
)

// noJitter leaves only the delay that the server asks for.
var noJitter = client.RetryPolicy{InitialInterval: 1, MaxInterval: 1}

func between(t *testing.T, what string, d, low, high time.Duration) {
	t.Helper()
	if d < low || d > high {
		t.Errorf("%s: %v, want between %v and %v", what, d, low, high)
	}
}

func TestServerDelay(t *testing.T) {
	const s = time.Second
	ended := streams(connected("1"), 0, io.EOF)
	retry := func(ms string) step { return streams("retry: "+ms+"\n"+connected("1"), 0, io.EOF) }
	busy := func(after string) step { return status(503, "Retry-After", after) }
	in := func(d time.Duration) step {
		return func(r *http.Request) (*http.Response, error) {
			return busy(time.Now().Add(d).UTC().Format(http.TimeFormat))(r)
		}
	}
	tests := []struct {
		name      string
		policy    client.RetryPolicy
		steps     []step
		low, high time.Duration // of the last pause
	}{
		{"seconds", noJitter, []step{busy("7")}, 7 * s, 7*s + 1},
		{"date", noJitter, []step{in(90 * s)}, 89 * s, 90*s + 1},
		{"past date", noJitter, []step{in(-90 * s)}, 0, 1},
		{"429", noJitter, []step{status(429, "Retry-After", "7")}, 7 * s, 7*s + 1},
		{"nonsense", noJitter, []step{busy("soon")}, 0, 1},
		{"negative", noJitter, []step{busy("-7")}, 0, 1},
		{"capped", noJitter, []step{busy("3600")}, 300 * s, 300*s + 1},
		{"capped date", noJitter, []step{in(time.Hour)}, 300 * s, 300*s + 1},
		{"out of range", noJitter, []step{busy("99999999999999999999999")}, 300 * s, 300*s + 1},
		{"out of 32 bits", noJitter, []step{busy("4294967297")}, 300 * s, 300*s + 1},
		{"the longest date", noJitter, []step{busy("Fri, 31 Dec 9999 23:59:59 GMT")}, 300 * s, 300*s + 1},
		{"the shortest date", noJitter, []step{busy("Mon, 01 Jan 0001 00:00:00 GMT")}, 0, 1},
		{"RFC 850 date", noJitter, []step{busy("Saturday, 01-Jan-00 00:01:30 GMT")}, 90 * s, 90*s + 1}, // the fake clock begins in 2000
		{"asctime date", noJitter, []step{busy("Sat Jan  1 00:01:30 2000")}, 90 * s, 90*s + 1},
		{"no date of the 31st of February", noJitter, []step{busy("Thu, 31 Feb 2000 00:00:00 GMT")}, 0, 1},
		{"fraction", noJitter, []step{busy("7.5")}, 0, 1},
		{"sign", noJitter, []step{busy("+7")}, 0, 1},
		{"exponent", noJitter, []step{busy("1e9")}, 0, 1},
		{"hexadecimal", noJitter, []step{busy("0x7")}, 0, 1},
		{"infinite", noJitter, []step{busy("Infinity")}, 0, 1},
		{"two values", noJitter, []step{busy("7, 8")}, 0, 1},
		{"empty", noJitter, []step{busy("")}, 0, 1},
		{"leading zeros", noJitter, []step{busy("00000000000000000000007")}, 7 * s, 7*s + 1},
		{"own cap", client.RetryPolicy{InitialInterval: 1, MaxInterval: 1, MaxServerDelay: 2 * s}, []step{busy("3600")}, 2 * s, 2*s + 1},
		{"ignored", client.RetryPolicy{InitialInterval: 1, MaxInterval: 1, MaxServerDelay: client.NoServerDelay}, []step{busy("3600")}, 0, 1},
		{"not for the attempt after", noJitter, []step{busy("7"), fails(errors.New("refused"))}, 0, 1},
		{"retry field", noJitter, []step{retry("4000")}, 4 * s, 4*s + 1},
		{"retry field stays", noJitter, []step{retry("4000"), ended}, 4 * s, 4*s + 1},
		{"retry field undone", noJitter, []step{retry("4000"), retry("2000")}, 2 * s, 2*s + 1},
		{"retry field zero", noJitter, []step{retry("0")}, 0, 1},
		{"retry field and less", noJitter, []step{retry("4000"), busy("2")}, 4 * s, 4*s + 1},
		{"retry field and more", noJitter, []step{retry("4000"), busy("5")}, 5 * s, 5*s + 1},
		{"retry field capped", noJitter, []step{retry("99999999")}, 300 * s, 300*s + 1},
		{"retry field out of range", noJitter, []step{retry("99999999999999999999999")}, 300 * s, 300*s + 1},
		{"retry field negative", noJitter, []step{retry("-4000")}, 0, 1},
		{"retry field of an unfinished block", noJitter, []step{streams(connected("1")+"retry: 4000\nretry: x\n", 0, io.EOF)}, 4 * s, 4*s + 1},
		{"retry field without a line end", noJitter, []step{streams(connected("1")+"retry: 4000", 0, io.EOF)}, 0, 1},
		{"retry field with a fraction", noJitter, []step{retry("4000.5")}, 0, 1},
		{"with jitter", client.RetryPolicy{}, []step{busy("7")}, 7 * s, 7*s + 500*time.Millisecond},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := fake(append(test.steps, streams(deleted("2", session), 0, nil))...)
				stream, err := f.open(t, client.WithRetryPolicy(test.policy))
				if err != nil {
					t.Fatal(err)
				}
				defer stream.Close()
				names(stream)
				if stream.Err() != nil {
					t.Fatal(stream.Err())
				}
				pauses := f.pauses()
				between(t, "pause", pauses[len(pauses)-1], test.low, test.high)
			})
		})
	}
}

// TestNoOverflow asks for the longest delay, on top of the longest jitter.
func TestNoOverflow(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	source := fake(streams("retry: 9223372036854\n\n", 0, io.EOF)).source(ctx,
		client.WithRetryPolicy(client.RetryPolicy{InitialInterval: math.MaxInt64, MaxInterval: math.MaxInt64, MaxServerDelay: math.MaxInt64, MaxElapsedTime: client.NoTimeLimit}),
		client.WithHooks(client.Hooks{Retrying: func(r client.Retry) {
			between(t, "delay", r.Delay, time.Hour, math.MaxInt64)
			cancel()
		}}))
	defer source.Close()
	if _, err := source.Next(); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// The server of TestBackoffGrows accepts, sends connected and closes at once.
func TestBackoffGrows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := streams(connected("1"), 0, io.EOF)
		var retries []client.Retry
		stop := errors.New("stop")
		ctx, cancel := context.WithCancelCause(t.Context())
		source := fake(ended).source(ctx, client.WithRetryPolicy(client.RetryPolicy{MaxElapsedTime: client.NoTimeLimit}), client.WithHooks(client.Hooks{Retrying: func(r client.Retry) {
			if retries = append(retries, r); len(retries) == 2000 {
				cancel(stop)
			}
		}}))
		defer source.Close()
		for {
			if _, err := source.Next(); err != nil {
				if !errors.Is(err, stop) {
					t.Error(err)
				}
				break
			}
		}
		interval := float64(500 * time.Millisecond)
		var late time.Duration
		for i, r := range retries {
			if r.Attempt != i+1 {
				t.Fatalf("retry %d: attempt %d", i, r.Attempt)
			}
			between(t, "delay", r.Delay, 0, min(time.Duration(interval), time.Minute))
			interval = min(interval*1.5, float64(time.Minute))
			if i >= 1000 {
				late += r.Delay
			}
		}
		between(t, "mean of the late delays", late/1000, 27*time.Second, 33*time.Second)
	})
}

func TestCountStartsAnew(t *testing.T) {
	tests := []struct {
		name  string
		steps []step
		want  int // the attempt after them
	}{
		{"failures", []step{fails(io.EOF), status(503), fails(io.EOF)}, 3},
		{"a new id", []step{fails(io.EOF), streams(connected("1"), 0, io.EOF)}, 1},
		{"the same id", []step{streams(connected("1"), 0, io.EOF), fails(io.EOF), streams(connected("1"), 0, io.EOF)}, 3},
		{"the same id, and time", []step{streams(connected("1"), 0, io.EOF), fails(io.EOF), streams(connected("1"), 6*time.Second, io.EOF)}, 1},
		{"too little time", []step{streams(connected("1"), 0, io.EOF), fails(io.EOF), streams(connected("1"), 4*time.Second, io.EOF)}, 3},
		{"time without an event", []step{streams(connected("1"), 0, io.EOF), fails(io.EOF), streams("", 6*time.Second, io.EOF)}, 3},
		{"idle", []step{streams(connected("1"), 0, io.EOF), fails(io.EOF), streams(connected("1"), 0, nil)}, 3},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var last client.Retry
				f := fake(append(test.steps, streams(deleted("2", session), 0, nil))...)
				s, err := f.open(t, client.WithHooks(client.Hooks{Retrying: func(r client.Retry) { last = r }}))
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				if names(s); s.Err() != nil || last.Attempt != test.want {
					t.Errorf("attempt %d, want %d; error %v", last.Attempt, test.want, s.Err())
				}
			})
		})
	}
}

// The connections of TestQuietSource stand long without an event.
func TestQuietSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		quiet := streams("", time.Hour, io.EOF)
		var attempts []int
		source := fake(quiet, quiet, quiet, streams(content("1", "a"), 0, nil)).source(t.Context(),
			client.WithIdleTimeout(0), client.WithRetryPolicy(client.RetryPolicy{MaxAttempts: 1}),
			client.WithHooks(client.Hooks{Retrying: func(r client.Retry) { attempts = append(attempts, r.Attempt) }}))
		defer source.Close()
		if e, err := source.Next(); err != nil || string(e.ID) != "1" {
			t.Errorf("%+v, %v", e, err)
		}
		if len(attempts) != 3 || attempts[2] != 1 {
			t.Errorf("attempts: %v", attempts)
		}
	})
}
