package ingest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

const (
	// oneTimeout bounds how long a body with a single event takes to come, and how long an
	// answer takes to go out.
	oneTimeout = 30 * time.Second
	// lingering is how long the server reads the rest of a body after the answer, so that a
	// reset of the connection does not take the answer with it.
	lingering = time.Second
)

// body is the body of a request, with the deadlines of its connection.
type body struct {
	handler  *Handler
	w        http.ResponseWriter
	r        *http.Request
	conn     *http.ResponseController
	text     *bytes.Buffer // what readOne has read; nil: nothing
	reusable bool          // it was one event and is read, so the connection of HTTP/1 can be used again
}

// openBody returns the body of a request. Its caller must close it.
func (h *Handler) openBody(w http.ResponseWriter, r *http.Request) *body {
	b := &body{handler: h, w: w, r: r, conn: http.NewResponseController(w)}
	_ = b.conn.SetWriteDeadline(time.Time{}) // a body may take longer than the http.Server allows for an answer
	h.drain.enter(b)
	return b
}

// interrupt interrupts the reading of the body. Without read deadlines, the body goes on.
func (b *body) interrupt() { _ = b.conn.SetReadDeadline(past) }

// beginAnswer prepares the connection for the answer. Over HTTP/1, net/http reads the rest of
// a body before it answers, unless the answer closes the connection; a body may have no end.
func (b *body) beginAnswer() {
	_ = b.conn.SetWriteDeadline(time.Now().Add(oneTimeout))
	if b.r.ProtoMajor == 1 && (!b.reusable || b.handler.draining()) { // a drain has set a deadline for the connection
		b.w.Header().Set("Connection", "close")
	}
}

// close ends the use of the body, after the answer.
func (b *body) close() {
	if b.r.ProtoMajor == 1 && !b.reusable {
		_ = b.conn.SetReadDeadline(time.Now().Add(lingering))
	}
	b.handler.drain.leave(b)
	if b.text != nil && b.text.Cap() <= maxPooled {
		texts.Put(b.text)
	}
}

// readOne returns the text of a body with a single event. It is valid until close.
func (b *body) readOne() ([]byte, error) {
	_ = b.conn.SetReadDeadline(time.Time{}) // the http.Server has set one; the limit below takes its place
	defer func() { _ = b.conn.SetReadDeadline(time.Time{}) }()
	if b.handler.draining() { // the deadline of the drain may be the one that is cleared above
		return nil, errDraining
	}
	limit := oneTimeout
	if idle := b.handler.IdleTimeout; idle > 0 {
		limit = min(limit, idle)
	}
	in := newProgressBody(b.conn, b.r.Body, limit, false)
	b.text = texts.Get().(*bytes.Buffer)
	b.text.Reset()
	_, err := b.text.ReadFrom(http.MaxBytesReader(b.w, in, int64(b.handler.maxLine())))
	return b.text.Bytes(), err
}

// texts are buffers for bodies with a single event.
var texts = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// maxPooled is the size of the largest buffer that is used again.
const maxPooled = 64 << 10

// lines are the lines of a body.
type lines struct {
	in      *bufio.Reader
	longest int   // the longest line that is read, in bytes
	number  int   // the line that was read last, from 1
	unread  int64 // how many bytes come; negative if that is not known
}

// lines returns the lines of the body.
func (b *body) lines() *lines {
	in := io.Reader(b.r.Body)
	if idle := b.handler.IdleTimeout; idle > 0 {
		in = newProgressBody(b.conn, b.r.Body, idle, true)
	}
	return &lines{in: bufio.NewReaderSize(in, 32<<10), longest: b.handler.maxLine(), unread: b.r.ContentLength}
}

// mustWait reports whether next may have to wait for the client.
func (l *lines) mustWait() bool {
	if l.unread == 0 {
		return false
	}
	there, _ := l.in.Peek(l.in.Buffered())
	return bytes.IndexByte(there, '\n') < 0
}

// errLongLine is the error of a line that no event needs.
var errLongLine = errors.New("the line is too long")

// next returns the next line without the white space around it. It fails with io.EOF after
// the last line, which needs no line end, and with an errLongLine.
func (l *lines) next() ([]byte, error) {
	l.number++
	var text []byte
	for {
		part, err := l.in.ReadSlice('\n')
		if len(text)+len(part) > l.longest {
			return nil, fmt.Errorf("%w: longer than %d bytes", errLongLine, l.longest)
		}
		l.unread -= int64(len(part))
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			text = append(text, part...)
			continue
		case err != nil && (!isEOF(err) || len(text)+len(part) == 0):
			return nil, err
		case text == nil:
			text = part
		default:
			text = append(text, part...)
		}
		if l.number == 1 {
			text = bytes.TrimPrefix(text, []byte("\ufeff")) // some programs begin a file with it
		}
		return bytes.TrimSpace(text), nil
	}
}
