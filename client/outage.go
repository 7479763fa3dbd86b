package client

import (
	"errors"
	"time"
)

// outage is what a source knows of its failures since it last got ahead.
type outage struct {
	failures int           // in a row
	cause    error         // the last of them
	since    time.Time     // since when there is no progress; zero while there is
	left     time.Time     // when the caller was given an event while there was none
	asked    time.Duration // the Retry-After of the last answer

	refresh   bool // the next attempt is to bring another token, and goes out at once
	refreshed bool // that attempt was made
}

// begin notes that the source has no connection.
func (o *outage) begin() {
	if o.since.IsZero() {
		o.since = time.Now()
	}
}

// pause and resume leave out the time that the caller takes between two events.
func (o *outage) pause() {
	if !o.since.IsZero() {
		o.left = time.Now()
	}
}

func (o *outage) resume() {
	if !o.since.IsZero() && !o.left.IsZero() {
		o.since = o.since.Add(time.Since(o.left))
	}
	o.left = time.Time{}
}

// progress notes that the source has got ahead.
func (o *outage) progress() { o.failures, o.since = 0, time.Time{} }

// connected notes an attempt that succeeded. Whether it gets the source ahead is
// still to be seen.
func (o *outage) connected() { o.refresh, o.refreshed, o.asked = false, false, 0 }

// failed notes a failure. A connection that the caller gave up is none.
func (o *outage) failed(err error) {
	o.cause = err
	if errors.Is(err, errReconnect) {
		o.failures = 0
		return
	}
	o.failures++
}

// delay returns how long to wait before the next attempt, or an error if there is
// to be none. The stream asks for retry.
func (o *outage) delay(p RetryPolicy, retry time.Duration) (time.Duration, error) {
	delay := p.delay(o.failures, max(o.asked, retry))
	if o.refresh {
		delay = 0
	}
	elapsed := time.Since(o.since)
	if p.MaxAttempts != 0 && o.failures > p.MaxAttempts || p.MaxElapsedTime >= 0 && delay > p.MaxElapsedTime-elapsed {
		return 0, &gaveUpError{failures: o.failures, elapsed: elapsed, cause: o.cause}
	}
	return delay, nil
}
