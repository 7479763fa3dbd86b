package server

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"time"
)

// stalledError ends a body that brought no whole event within this time.
type stalledError time.Duration

func (e stalledError) Error() string {
	return fmt.Sprintf("the body brought no whole event within %v", time.Duration(e))
}

// progressBody is a body that must bring a whole event within a limit. It fails with a
// stalledError otherwise: at the next byte where the connection has no read deadlines, and
// at once where it has.
//
// Only the time in which the server waits for the body counts: the limit begins anew with
// the first Read after an event.
type progressBody struct {
	io.ReadCloser
	limit time.Duration
	lines bool // each line is an event; else all of the body is one

	due   time.Time // when an event must have come; zero: it is set by the next Read
	begun bool      // the present line has a brace
	over  bool      // none has come in time
	timer *time.Timer
	cut   chan struct{} // closed once the timer has interrupted a Read
}

func newProgressBody(w http.ResponseWriter, body io.ReadCloser, limit time.Duration, lines bool) *progressBody {
	b := &progressBody{ReadCloser: body, limit: limit, lines: lines, cut: make(chan struct{})}
	b.timer = time.AfterFunc(never, func() {
		defer close(b.cut)
		_ = http.NewResponseController(w).SetReadDeadline(time.Unix(1, 0)) // where it is unsupported, the next Read to return fails
	})
	b.timer.Stop()
	return b
}

// Read implements io.Reader.
func (b *progressBody) Read(p []byte) (n int, err error) {
	if b.over {
		return 0, stalledError(b.limit)
	}
	if b.due.IsZero() {
		b.due = time.Now().Add(b.limit)
	}
	b.timer.Reset(time.Until(b.due))
	n, err = b.ReadCloser.Read(p)
	if !b.timer.Stop() {
		<-b.cut // so that no later deadline is overwritten
		b.over = true
		return n, stalledError(b.limit)
	}
	if b.lines && b.hasEvent(p[:n]) {
		b.due = time.Time{}
	}
	return n, err
}

// hasEvent reports whether the bytes that follow in the body end a line with an event.
// Such a line has a brace; one that has a brace and is no event ends the request.
func (b *progressBody) hasEvent(next []byte) bool {
	end := bytes.LastIndexByte(next, '\n')
	ends := end >= 0 && (b.begun || bytes.IndexByte(next[:end], '{') >= 0)
	b.begun = b.begun && end < 0 || bytes.IndexByte(next[end+1:], '{') >= 0
	return ends
}
