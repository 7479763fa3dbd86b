package server

import (
	"errors"
	"sync/atomic"
	"time"
)

// agenda is what a stream has to do beside reading the log. Whoever wants something
// of it leaves a call and nudges it: looking for calls costs a stream that writes
// next to nothing, and one channel to wait on, whatever the reason, is all that an
// idle one holds.
type agenda struct {
	calls atomic.Uint32
	timer *time.Timer // has the stream called when something is due

	leave    instant // when it is to end; zero: never
	draining bool    // that is since the server shuts down
	check    instant // when it is to be authorized again; zero: never
	outage   outage
}

// What a stream is called for.
const (
	callTimer = 1 << iota // something may be due
	callDrain             // the server shuts down
	callAbort             // the server cannot wait any longer
)

// errAborted is why a stream ended whose server could not wait for it.
var errAborted = errors.New("server: shut down")

// call may be called by anybody.
func (a *attached) call(reason uint32) {
	a.calls.Or(reason)
	nudge(a.wake)
}

// called tells whether there are calls.
func (a *attached) called() bool { return a.calls.Load() != 0 }

// plan makes the agenda of a stream that begins.
func (a *attached) plan() {
	now := a.server.now()
	if age := a.server.cfg.maxConnectionAge; age > 0 {
		a.leave = now.add(age - jitter(age/10))
	}
	a.check = a.nextCheck(now)
	a.timer = time.AfterFunc(a.due().sub(now), func() { a.call(callTimer) })
}

// due returns when there is something to do next: for a heartbeat, if nothing is
// written until then.
func (a *attached) due() instant {
	next := a.sent.add(a.server.cfg.heartbeat)
	for _, t := range []instant{a.leave, a.check, a.outage.again} {
		if t.passed(next) {
			next = t
		}
	}
	return next
}

// attend does what the stream was called for, and tells whether it has ended by it.
// A stream that has just written needs no heartbeat.
func (a *attached) attend(wrote bool) (ended bool, err error) {
	calls := a.calls.Swap(0)
	if calls&callAbort != 0 {
		return true, errAborted
	}
	now := a.server.now()
	if calls&callDrain != 0 {
		a.leave, a.draining = now.add(jitter(a.server.streams.spread)), true
	}
	if a.leave.passed(now) {
		return true, a.write(func(buf *buffer) { a.appendHeartbeat(buf, a.leaveRetry()) })
	}
	if a.check.passed(now) {
		if err := a.reauthorize(); err != nil {
			return true, err
		}
		a.check = a.nextCheck(a.server.now())
	}
	if !wrote && now.sub(a.sent) >= a.server.cfg.heartbeat {
		if err := a.write(func(buf *buffer) { a.appendHeartbeat(buf, noRetry) }); err != nil {
			return true, err
		}
	}
	a.timer.Reset(a.due().sub(a.server.now()))
	return false, nil
}

// leaveRetry returns the reconnection time for a client whose stream ends.
func (a *attached) leaveRetry() time.Duration {
	if a.draining {
		return a.server.drainRetry()
	}
	retry := a.server.cfg.retry
	return retry + jitter(retry)
}
