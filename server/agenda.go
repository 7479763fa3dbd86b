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
	calls    atomic.Uint32
	leaving  bool        // it ends when what it writes is out
	draining bool        // that is since the server shuts down
	timer    *time.Timer // has an attached stream called when something is due

	leave  instant // when it is to end; zero: never
	check  instant // when it is to be authorized again; zero: never
	outage outage
}

// What a stream is called for.
const (
	callTimer = 1 << iota // something may be due
	callDrain             // the server shuts down
	callAbort             // the server cannot wait any longer
	callGone              // the client has left
)

// errAborted is why a stream ended whose server could not wait for it.
var errAborted = errors.New("server: shut down")

// errGone is why a stream ended whose client has left.
var errGone = errors.New("server: the client has left")

// call may be called by anybody.
func (l *live) call(reason uint32) {
	l.calls.Or(reason)
	if d := l.detached.Load(); d != nil && reason&(callGone|callAbort) != 0 {
		d.life.end()
	}
	l.nudge()
}

// called tells whether there are calls.
func (l *live) called() bool { return l.calls.Load() != 0 }

// plan makes the agenda of a stream that begins.
func (l *live) plan() {
	now := l.server.now()
	if age := l.server.cfg.maxConnectionAge; age > 0 {
		l.leave = now.add(age - jitter(age/10))
	}
	l.check = l.nextCheck(now)
}

// reschedule has the stream called when something is due again.
func (l *live) reschedule() {
	if d := l.detached.Load(); d != nil {
		l.server.wheel.set(d, l.due())
		return
	}
	l.timer.Reset(l.due().sub(l.server.now()))
}

// beat is after how long without a write a heartbeat is due.
func (l *live) beat() time.Duration {
	if l.detached.Load() != nil {
		return l.server.wheel.early(l.server.cfg.heartbeat)
	}
	return l.server.cfg.heartbeat
}

// late is how late the wheel may call a stream: what is due is rather done early.
func (l *live) late() time.Duration {
	if l.detached.Load() != nil {
		return l.server.wheel.part
	}
	return 0
}

// due returns when there is something to do next: for a heartbeat, if nothing is
// written until then.
func (l *live) due() instant {
	next, late := l.sent.add(l.beat()), l.late()
	for _, t := range []instant{l.leave, l.check, l.outage.again} {
		if t.passed(next.add(late)) {
			next = t.add(-late)
		}
	}
	return next
}

// attend does what the stream was called for, and tells whether it has ended by it.
// A stream that has just written needs no heartbeat.
func (l *live) attend(wrote bool) (ended bool, err error) {
	calls := l.calls.Swap(0)
	if calls&callAbort != 0 {
		return true, errAborted
	}
	if calls&callGone != 0 {
		return true, errGone
	}
	now := l.server.now()
	if calls&callDrain != 0 {
		l.leave, l.draining = now.add(jitter(l.server.streams.spread)), true
	}
	soon := now.add(l.late())
	if d := l.detached.Load(); d != nil && !d.blocking && l.check.passed(soon) {
		l.calls.Or(callTimer)   // for the turn that is taken anew, with the end that was drawn
		return false, errBehind // the application may take its time
	}
	if l.leave.passed(soon) {
		l.leaving = true
		return true, l.write(func(buf *buffer) { l.farewell(buf, l.leaveRetry()) })
	}
	if l.check.passed(soon) {
		if err := l.reauthorize(); err != nil {
			return true, l.breakOff(err, l.settle)
		}
		l.check = l.nextCheck(l.server.now())
	}
	if !wrote && now.sub(l.sent) >= l.beat() {
		if err := l.write(l.heartbeat); err != nil {
			return true, err
		}
	}
	l.reschedule()
	return false, nil
}

// leaveRetry returns the reconnection time for a client whose stream ends.
func (l *live) leaveRetry() time.Duration {
	if l.draining {
		return l.server.drainRetry()
	}
	retry := l.server.cfg.retry
	return retry + jitter(retry)
}
