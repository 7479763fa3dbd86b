package client

import (
	"errors"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// Values of RetryPolicy, each for one field.
const (
	// NoRetries as MaxAttempts: the first failure is final.
	NoRetries = -1
	// NoTimeLimit as MaxElapsedTime: reconnecting goes on until the context ends.
	NoTimeLimit time.Duration = -1
	// NoServerDelay as MaxServerDelay: the client ignores what the server asks for.
	NoServerDelay time.Duration = -1
)

// RetryPolicy says when a stream reconnects, and when a Publisher repeats an attempt. A zero
// field has its default.
//
// The delay before an attempt has two parts: what the server asks for (the retry field, or
// Retry-After if that is longer), and a random time between zero and an interval that grows
// from attempt to attempt. The count of attempts starts anew after a healthy connection.
// That is one which brought an event with a new id, or with a new value of a parameter that
// resumes the stream, or which stood for five seconds. If the contract has an event that
// begins a stream, such a connection must have brought an event too.
type RetryPolicy struct {
	// InitialInterval is the interval of the first reconnection; by default 500 ms.
	InitialInterval time.Duration
	// Multiplier is the growth of the interval; by default 1.5, and at least 1.
	Multiplier float64
	// MaxInterval is the longest interval; by default 60 s.
	MaxInterval time.Duration
	// MaxElapsedTime is the time without an event or a healthy connection after which the
	// stream ends; by default 10 minutes. A longer delay ends it at once. Negative, such as
	// NoTimeLimit: no limit. A Publisher gives up after 100 s in any case.
	MaxElapsedTime time.Duration
	// MaxAttempts is the number of reconnections in a row; zero: no limit. Negative, such
	// as NoRetries: the stream never reconnects.
	MaxAttempts int
	// MaxServerDelay is the longest delay that the server can ask for; by default 5
	// minutes. Negative, such as NoServerDelay: the client ignores what the server asks for.
	MaxServerDelay time.Duration
}

// healthyAfter is the time after which a connection without a new id is healthy.
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

// delay returns the time before the attempt after n failures in a row. asked is the delay
// that the server asks for.
func (p RetryPolicy) delay(n int, asked time.Duration) time.Duration {
	interval := float64(p.InitialInterval) * math.Pow(p.Multiplier, float64(n-1))
	interval = max(min(interval, float64(p.MaxInterval)), 0)
	jitter := time.Duration(rand.Float64() * interval)
	return min(asked, max(p.MaxServerDelay, 0), math.MaxInt64-jitter) + jitter
}

// repeatable reports whether another attempt may mend a failure, and the delay that the
// server asks for. first says that no stream was open before.
func repeatable(err error, first bool) (asked time.Duration, ok bool) {
	if answer := answerIn(err); answer != nil {
		return retryAfter(answer.Header), retryable(answer.StatusCode, first)
	}
	return 0, !unreachable(err)
}

// retryable reports whether another attempt may mend an answer with this status. The first
// connection is stricter, so that the caller learns at once that the server fails.
func retryable(status int, first bool) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return !first && status >= 500
}

// retryAfter returns the header Retry-After (RFC 9110, section 10.2.3), which is a number of
// seconds or a date; 0 if there is none.
func retryAfter(h http.Header) time.Duration {
	v := h.Get("Retry-After")
	// ParseUint returns the greatest number for one that is out of range.
	if s, err := strconv.ParseUint(v, 10, 32); err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(s) * time.Second
	}
	if t, err := http.ParseTime(v); err == nil {
		return max(time.Until(t), 0)
	}
	return 0
}
