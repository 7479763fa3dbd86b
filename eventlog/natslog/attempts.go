package natslog

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/mixstream/mixstream/eventlog"
)

// longestPause is the longest pause between two attempts.
const longestPause = 500 * time.Millisecond

// attempts is what earlier attempts at the same thing have come to.
type attempts struct {
	pause     time.Duration // before the next attempt; it doubles up to longestPause
	spread    bool          // vary the pauses, since others may be trying the same
	uncertain bool          // something was sent and not answered: it may be stored
}

// verdict says what follows from a failed attempt to store a draft.
type verdict int

const (
	verdictAgain   verdict = iota // try again
	verdictRefused                // give up with the error
	verdictUnknown                // give up: an earlier attempt may have stored the draft
)

// judge returns the verdict on an attempt that failed with err, and whether a draft may
// be stored after it. Sent says that the draft may have reached NATS in this attempt; ended that
// the time is over; uncertain that an earlier attempt may have stored the draft.
//
//	error                              verdict                        uncertain
//	the outcome is unknown             refused                        as before
//	the key stands for other entries   refused: it keeps out          as before
//	                                   earlier attempts as well
//	moved, or never sent               again                          as before
//	transient, or the time is over     again                          if sent
//	any other                          unknown if uncertain,          as before
//	                                   otherwise refused
func judge(err error, sent, ended, uncertain bool) (v verdict, mayBeStored bool) {
	switch {
	case errors.Is(err, eventlog.ErrOutcomeUnknown), errors.Is(err, eventlog.ErrKeyReused):
		return verdictRefused, uncertain
	case errors.Is(err, errMoved), unsent(err):
		return verdictAgain, uncertain
	case transient(err), ended:
		return verdictAgain, uncertain || sent
	case uncertain:
		return verdictUnknown, true
	}
	return verdictRefused, false
}

// wait pauses before the next attempt, and reports whether there is time for one.
func (a *attempts) wait(ctx context.Context) bool {
	pause := a.pause
	a.pause = min(2*pause, longestPause)
	if a.spread {
		pause = pause/2 + rand.N(pause)
	}
	return sleep(ctx, pause)
}

// timeOver returns the error of attempts for which no time is left, the last of which
// failed with err.
func (a *attempts) timeOver(ctx context.Context, err error) error {
	outcome := eventlog.ErrUnavailable
	if a.uncertain {
		outcome = eventlog.ErrOutcomeUnknown
	}
	return fmt.Errorf("natslog: %w: %w: %w", outcome, context.Cause(ctx), err)
}
