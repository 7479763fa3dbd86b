package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/mixstream/mixstream/internal/excerpt"
	"github.com/mixstream/mixstream/internal/redact"
)

// connection is one event stream over HTTP, from the attempt to its end.
type connection struct {
	ctx      context.Context
	cancel   context.CancelCauseFunc
	body     io.ReadCloser
	since    time.Time // when the stream was opened
	heard    time.Time // when the server last gave a sign of life
	eventful bool      // it brought an event

	connecting *time.Timer // the connect timeout; nil once it is over
	idle       *time.Timer // runs while a read waits; nil without an idle timeout
	timeout    time.Duration
}

// attempt makes one request. On success the decoder reads from it, and its
// connection is the source's.
func (s *Source) attempt() error {
	lastEventID := s.LastEventID()
	if !s.cfg.anyID && !legalID(lastEventID) {
		return fmt.Errorf("%w: %s", ErrLastEventID, excerpt.Quote(lastEventID))
	}
	c := &connection{timeout: s.cfg.idleTimeout}
	c.ctx, c.cancel = context.WithCancelCause(s.ctx)
	if d := s.cfg.connectTimeout; d > 0 {
		c.connecting = time.AfterFunc(d, func() { c.cancel(ErrConnectTimeout) })
	}
	s.setInterrupt(func() { c.cancel(errReconnect) }, true)

	err := s.request(c, lastEventID)
	if err != nil {
		err = c.explain(err)
		s.setInterrupt(nil, false)
		c.close()
		return err
	}
	s.conn, s.requested = c, lastEventID
	s.dec.Reset(c)
	if !s.cfg.awaitEvent {
		c.settled()
	}
	return nil
}

// request makes the request of an attempt and checks that a stream is what
// comes back.
func (s *Source) request(c *connection, lastEventID string) error {
	resp, err := s.connect(c.ctx, lastEventID)
	if err != nil {
		return notAnswered(resp, err)
	}
	if resp == nil {
		return errors.New("neither a response nor an error")
	}
	if c.body = resp.Body; c.body == nil {
		c.body = http.NoBody
	}
	switch {
	case resp.StatusCode == http.StatusNoContent:
		return errNothingMore
	case resp.StatusCode != http.StatusOK || !isEventStream(resp.Header) || isEncoded(resp.Header):
		return s.cfg.refused(&APIError{StatusCode: resp.StatusCode, Header: resp.Header, Body: c.errorBody(), Request: resp.Request})
	}
	if s.cfg.opened != nil {
		if err := s.cfg.opened(resp, lastEventID); err != nil {
			return err
		}
	}
	c.since = time.Now()
	c.heard = c.since
	if c.timeout > 0 {
		c.idle = time.AfterFunc(c.timeout, func() { c.cancel(ErrIdle) })
		c.idle.Stop()
	}
	s.cfg.logger.DebugContext(s.ctx, "connected", "last_event_id", lastEventID)
	if s.cfg.onConnect != nil {
		s.cfg.onConnect(resp)
	}
	return nil
}

// notAnswered returns the error of an attempt that failed with err. Of a redirect
// that is not to be followed there is an answer after all.
func notAnswered(resp *http.Response, err error) error {
	if resp != nil && resp.Body != nil {
		resp.Body.Close()
	}
	var redirect *redirectError
	if err = redact.Error(err); !errors.As(err, &redirect) {
		return err
	}
	if redirect.resp != nil {
		resp = redirect.resp
	}
	if resp == nil {
		return err
	}
	return &APIError{StatusCode: resp.StatusCode, Header: resp.Header, Request: resp.Request, Err: redirect.cause}
}

// Read reads the body. The idle timeout runs only here: a caller that takes its
// time must not make the connection look dead.
func (c *connection) Read(p []byte) (int, error) {
	if c.idle != nil {
		c.idle.Reset(c.timeout)
	}
	n, err := c.body.Read(p)
	if c.idle != nil {
		c.idle.Stop()
	}
	if n > 0 || c.ctx.Err() == nil {
		c.heard = time.Now()
	}
	return n, err
}

// errorBody reads the start of a body that is no stream. It may never end, so
// what has come within a moment must do.
func (c *connection) errorBody() []byte {
	defer time.AfterFunc(maxErrorWait, func() { c.cancel(nil) }).Stop()
	body, _ := io.ReadAll(io.LimitReader(c.body, maxErrorBody))
	return body
}

// healthy tells whether the connection stood long enough for its loss not to
// count as another failure in a row.
func (c *connection) healthy(awaitEvent bool) bool {
	return c.heard.Sub(c.since) >= healthyAfter && (c.eventful || !awaitEvent)
}

// settled ends the connect timeout.
func (c *connection) settled() {
	if c.connecting != nil {
		c.connecting.Stop()
		c.connecting = nil
	}
}

func (c *connection) close() {
	c.settled()
	if c.idle != nil {
		c.idle.Stop()
	}
	c.cancel(nil)
	if c.body != nil {
		c.body.Close()
	}
}

// explain returns the reason for which the connection was ended from this side,
// or else the error itself.
func (c *connection) explain(err error) error {
	switch cause := context.Cause(c.ctx); {
	case errors.As(err, new(*APIError)), errors.As(err, new(*GapError)), errors.Is(err, errNothingMore):
		return err
	case errors.Is(cause, ErrConnectTimeout), errors.Is(cause, ErrIdle), errors.Is(cause, errReconnect):
		return cause
	case errors.Is(err, io.EOF) && c.since.IsZero():
		// io.EOF is not wrapped: to a caller it is the clean end.
		return fmt.Errorf("client: %v", excerpt.Error(err))
	case errors.Is(err, io.EOF):
		return errStreamEnded
	case c.since.IsZero():
		return fmt.Errorf("client: %w", excerpt.Error(err))
	}
	return fmt.Errorf("client: the stream was cut: %w", excerpt.Error(err))
}

// isEventStream tells whether the content type is text/event-stream.
func isEventStream(h http.Header) bool {
	// Whatever the parameters are.
	mediaType, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	return strings.EqualFold(strings.Trim(mediaType, " \t"), "text/event-stream")
}

// isToken tells whether s can be the name of an HTTP header (RFC 9110, section
// 5.6.2).
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return s != ""
}

// isEncoded tells whether the body has a content encoding that is still to be
// undone (RFC 9110, section 8.4).
func isEncoded(h http.Header) bool {
	for _, coding := range h.Values("Content-Encoding") {
		if coding != "" && !strings.EqualFold(coding, "identity") {
			return true
		}
	}
	return false
}

// legalID tells whether an id reaches the server as it is: as the value of a
// header, and without white space around it, which HTTP takes off (RFC 9110,
// section 5.5).
func legalID(id string) bool { return legalHeader(id) && strings.Trim(id, " \t") == id }

// legalHeader tells whether s can be the value of an HTTP header (RFC 9110,
// section 5.5).
func legalHeader(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}
