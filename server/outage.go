package server

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/mixstream/mixstream/eventlog"
)

// WithLogOutage sets for how long streams stay open, with signs of life, while the log
// is unavailable (eventlog.ErrUnavailable); by default 30 s. They end after it, with
// a jittered reconnection time, so that their clients come back: perhaps to a server
// that reaches the log. While it is unavailable, a stream that is opened to go on
// after an id begins at that id, tells such a reconnection time, and ends; any other
// request is answered with 503 and Retry-After.
func WithLogOutage(d time.Duration) Option { return func(c *config) { c.logOutage = d } }

// outage is what a stream knows of an outage of its log.
type outage struct {
	since instant // zero: the log is there
	again instant // when it is tried again
}

// tryAgain is about how long a stream waits before it reads a log again that was
// unavailable: a log that is back need not wake the readers that have missed nothing.
const tryAgain = time.Second

// wait returns nil for a stream that is to go on, though the log is unavailable, and
// otherwise why it ends.
func (l *live) wait(err error) error {
	if !errors.Is(err, eventlog.ErrUnavailable) {
		l.outage = outage{} // it was read, or the stream ends
		if errors.As(err, new(logError)) {
			return l.breakOff(err, l.settle)
		}
		return err
	}
	now := l.server.now()
	if l.outage.since == 0 {
		l.outage.since = now
	}
	if now.sub(l.outage.since) >= l.server.cfg.logOutage {
		return l.breakOff(err, func(buf *buffer) { l.farewell(buf, l.server.drainRetry()) })
	}
	l.outage.again = now.add(tryAgain/2 + jitter(tryAgain))
	l.reschedule()
	return nil
}

// comeBack makes the stream one that only tells its client to come back, and where
// to go on, if the log is unavailable and the client has said where it was.
func (l *live) comeBack(resume string, err error) error {
	if resume == "" || !errors.Is(err, eventlog.ErrUnavailable) {
		return err
	}
	l.start.connected = unknownPosition
	if id, ok := parsePosition(resume); ok {
		l.start.connected = id
	}
	l.start.resumed, l.position = true, l.start.connected
	l.unread = logError{err}
	return nil
}

// unavailable returns the refusal for a request that the log is needed for.
func unavailable(err error) *RefusalError {
	if !errors.Is(err, eventlog.ErrUnavailable) {
		return nil
	}
	return &RefusalError{Status: http.StatusServiceUnavailable, Message: "the log of events is unavailable"}
}

func (c *config) checkOutage() error {
	if c.logOutage < 0 {
		return fmt.Errorf("server: the streams cannot outlast the log by %v", c.logOutage)
	}
	return nil
}
