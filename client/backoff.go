package client

import (
	"errors"
	"time"
)

// backoff counts failures since the last progress, and says how long to wait after them.
type backoff struct {
	failures int           // the number of failures in a row
	cause    error         // the last of them
	since    time.Time     // the beginning of the time without progress; zero: there is progress
	paused   time.Time     // when the caller got an event during that time; zero: it did not
	asked    time.Duration // the Retry-After of the last answer

	refresh   bool // the next attempt goes out at once: an editor may have a fresh token
	refreshed bool // that attempt was made
}

// begin notes that there is no connection.
func (b *backoff) begin() {
	if b.since.IsZero() {
		b.since = time.Now()
	}
}

// pause begins the time that the caller takes between two events, which does not count.
func (b *backoff) pause() {
	if !b.since.IsZero() {
		b.paused = time.Now()
	}
}

// resume ends that time.
func (b *backoff) resume() {
	if !b.since.IsZero() && !b.paused.IsZero() {
		b.since = b.since.Add(time.Since(b.paused))
	}
	b.paused = time.Time{}
}

// progress notes that the stream has got ahead.
func (b *backoff) progress() { b.failures, b.since = 0, time.Time{} }

// heard notes an event that has no id. It may be progress, so the time starts anew, but the
// failures still count.
func (b *backoff) heard() { b.since = time.Time{} }

// connected notes an attempt that succeeded. Progress may follow from it.
func (b *backoff) connected() { b.refresh, b.refreshed, b.asked = false, false, 0 }

// failed notes a failure. A connection that Reconnect ended is not one.
func (b *backoff) failed(err error) {
	b.cause = err
	if errors.Is(err, errReconnect) {
		b.failures = 0
		return
	}
	b.failures++
}

// delay returns the time before the next attempt, or ErrGaveUp if the policy allows none.
// retry is the delay that the stream asks for.
func (b *backoff) delay(p RetryPolicy, retry time.Duration) (time.Duration, error) {
	delay := p.delay(b.failures, max(b.asked, retry))
	if b.refresh {
		delay = 0
	}
	elapsed := time.Since(b.since)
	if p.MaxAttempts != 0 && b.failures > p.MaxAttempts || p.MaxElapsedTime >= 0 && delay > p.MaxElapsedTime-elapsed {
		return 0, &gaveUpError{failures: b.failures, elapsed: elapsed, cause: b.cause}
	}
	return delay, nil
}
