package client

import (
	"errors"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// RetryPolicy says when a stream reconnects. Zero fields have their default.
//
// The delay before an attempt is what the server asked for (the retry field, or
// Retry-After if that is longer), plus a random time between zero and an
// interval that grows from attempt to attempt. The count of attempts starts
// anew once a connection was healthy: it brought an event with a new id, or with a
// new value of a parameter that resumes the stream, or stood for five seconds (of
// StreamEvents, with an event).
type RetryPolicy struct {
	// InitialInterval is the interval of the first reconnection; by default 500 ms.
	InitialInterval time.Duration
	// Multiplier is the growth of the interval; by default 1.5, and at least 1.
	Multiplier float64
	// MaxInterval bounds the interval; by default 60 s.
	MaxInterval time.Duration
	// MaxElapsedTime is how long to go on without an event or a healthy
	// connection; by default 10 minutes. A delay that would last longer is not
	// begun. Negative: never give up for this reason.
	MaxElapsedTime time.Duration
	// MaxAttempts is how many reconnections to make in a row; zero is no limit.
	// Negative: never reconnect.
	MaxAttempts int
	// MaxServerDelay bounds what the server can ask for; by default 5 minutes.
	// Negative: ignore what the server asks for.
	MaxServerDelay time.Duration
}

// healthyAfter is how long a connection must have stood to be healthy without a
// new id.
const healthyAfter = 5 * time.Second

func (p RetryPolicy) withDefaults() RetryPolicy {
	p.InitialInterval = orDefault(p.InitialInterval, 500*time.Millisecond)
	p.MaxInterval = orDefault(p.MaxInterval, time.Minute)
	p.MaxElapsedTime = orDefault(p.MaxElapsedTime, 10*time.Minute)
	p.MaxServerDelay = orDefault(p.MaxServerDelay, 5*time.Minute)
	if p.Multiplier == 0 {
		p.Multiplier = 1.5
	}
	if math.IsNaN(p.Multiplier) || p.Multiplier < 1 {
		p.Multiplier = 1
	}
	return p
}

func orDefault(d, byDefault time.Duration) time.Duration {
	if d == 0 {
		return byDefault
	}
	return d
}

// delay returns how long to wait before the attempt after n failures in a row.
func (p RetryPolicy) delay(n int, asked time.Duration) time.Duration {
	interval := float64(p.InitialInterval) * math.Pow(p.Multiplier, float64(n-1))
	interval = max(min(interval, float64(p.MaxInterval)), 0)
	jitter := time.Duration(rand.Float64() * interval)
	return min(asked, max(p.MaxServerDelay, 0), math.MaxInt64-jitter) + jitter
}

// retryable tells whether another attempt may mend an answer with this status.
// The first connection is stricter: whoever opens a stream is to learn at once
// that the server fails.
func retryable(status int, first bool) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return !first && status >= 500
}

// retryAfter returns the value of the header Retry-After (RFC 9110, section
// 10.2.3), which is a number of seconds or a date, or else 0.
func retryAfter(h http.Header) time.Duration {
	v := h.Get("Retry-After")
	// What is out of range comes as the greatest number.
	if s, err := strconv.ParseUint(v, 10, 32); err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(s) * time.Second
	}
	if t, err := http.ParseTime(v); err == nil {
		return max(time.Until(t), 0)
	}
	return 0
}
