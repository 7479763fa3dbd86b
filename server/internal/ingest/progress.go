package ingest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"time"
)

// stalledError is the error of a body that brought no whole event within this time.
type stalledError time.Duration

func (e stalledError) Error() string {
	return fmt.Sprintf("the body brought no whole event within %v", time.Duration(e))
}

// progressBody is a body that must bring a whole event within a limit. Otherwise its Read
// fails with a stalledError: at once if the connection has read deadlines, and with the next
// byte if it has none.
//
// Only the time in which the server waits for the body counts: the limit begins anew with the
// first Read after an event.
type progressBody struct {
	io.ReadCloser
	limit time.Duration
	lines bool // each line is an event; otherwise the whole body is one

	due     time.Time // when an event must have come; zero: the next Read sets it
	begun   bool      // the present line has a brace
	stalled bool      // no event has come in time
	timer   *time.Timer
	cut     chan struct{} // closed once the timer has interrupted a Read
	conn    *http.ResponseController
}

func newProgressBody(conn *http.ResponseController, body io.ReadCloser, limit time.Duration, lines bool) *progressBody {
	return &progressBody{ReadCloser: body, limit: limit, lines: lines, conn: conn}
}

// start starts the timer.
func (b *progressBody) start() {
	if b.timer != nil {
		b.timer.Reset(time.Until(b.due))
		return
	}
	b.cut = make(chan struct{})
	b.timer = time.AfterFunc(time.Until(b.due), func() {
		defer close(b.cut)
		_ = b.conn.SetReadDeadline(past) // without read deadlines, the Read fails when it returns
	})
}

// Read implements io.Reader.
func (b *progressBody) Read(p []byte) (n int, err error) {
	if b.stalled {
		return 0, stalledError(b.limit)
	}
	if b.due.IsZero() {
		b.due = time.Now().Add(b.limit)
	}
	b.start()
	n, err = b.ReadCloser.Read(p)
	if !b.timer.Stop() {
		<-b.cut // the timer must not overwrite a deadline that is set later
		b.stalled = true
		return n, stalledError(b.limit)
	}
	if b.lines && b.hasEvent(p[:n]) {
		b.due = time.Time{}
	}
	return n, err
}

// hasEvent reports whether the next bytes of the body end a line with an event. Such a line
// has a brace. A line that has a brace and is not an event ends the request.
func (b *progressBody) hasEvent(next []byte) bool {
	end := bytes.LastIndexByte(next, '\n')
	ends := end >= 0 && (b.begun || bytes.IndexByte(next[:end], '{') >= 0)
	b.begun = b.begun && end < 0 || bytes.IndexByte(next[end+1:], '{') >= 0
	return ends
}
