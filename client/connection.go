package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"time"
)

// connection is one event stream over HTTP, from the attempt to its end.
type connection struct {
	ctx       context.Context
	cancel    context.CancelCauseFunc
	requested string    // the last event ID that was sent
	since     time.Time // when the stream was opened
	body      io.ReadCloser

	connecting *time.Timer // the connect timeout; nil once it is over
	idle       *time.Timer // runs while a read waits; nil without an idle timeout
	timeout    time.Duration
}

// attempt makes one request. On success the decoder reads from it, and its
// connection is the source's.
func (s *Source) attempt() error {
	c := &connection{requested: s.LastEventID(), timeout: s.cfg.idleTimeout}
	if !legalHeader(c.requested) {
		return fmt.Errorf("%w: %q", ErrLastEventID, c.requested)
	}
	c.ctx, c.cancel = context.WithCancelCause(s.ctx)
	if d := s.cfg.connectTimeout; d > 0 {
		c.connecting = time.AfterFunc(d, func() { c.cancel(ErrConnectTimeout) })
	}
	s.setInterrupt(func() { c.cancel(errReconnect) })

	err := s.request(c)
	if err != nil {
		s.setInterrupt(nil)
		c.close()
		return c.explain(err)
	}
	s.conn = c
	s.dec.Reset(c)
	if !s.cfg.awaitEvent {
		c.settled()
	}
	return nil
}

// request makes the request of an attempt and checks that a stream is what
// comes back.
func (s *Source) request(c *connection) error {
	resp, err := s.connect(c.ctx, c.requested)
	if err != nil {
		if resp != nil && resp.Body != nil {
			resp.Body.Close()
		}
		return err
	}
	c.body = resp.Body
	switch {
	case resp.StatusCode == http.StatusNoContent:
		return errNothingMore
	case resp.StatusCode != http.StatusOK || !isEventStream(resp.Header):
		body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
		return s.cfg.refused(&APIError{StatusCode: resp.StatusCode, Header: resp.Header, Body: body, Request: resp.Request})
	}
	c.since = time.Now()
	if c.timeout > 0 {
		c.idle = time.AfterFunc(c.timeout, func() { c.cancel(ErrIdle) })
		c.idle.Stop()
	}
	s.cfg.logger.DebugContext(s.ctx, "connected", "last_event_id", c.requested)
	if s.cfg.onConnect != nil {
		s.cfg.onConnect(resp)
	}
	return nil
}

// Read reads the body. The idle timeout runs only here: a caller that takes its
// time must not make the connection look dead.
func (c *connection) Read(p []byte) (int, error) {
	if c.idle == nil {
		return c.body.Read(p)
	}
	c.idle.Reset(c.timeout)
	n, err := c.body.Read(p)
	c.idle.Stop()
	return n, err
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
	case errors.Is(cause, ErrConnectTimeout), errors.Is(cause, ErrIdle), errors.Is(cause, errReconnect):
		return cause
	case c.since.IsZero():
		return err
	case errors.Is(err, io.EOF):
		return errors.New("client: the stream ended")
	}
	return fmt.Errorf("client: the stream was cut: %w", err)
}

// isEventStream tells whether the content type is text/event-stream.
func isEventStream(h http.Header) bool {
	mediaType, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return mediaType == "text/event-stream" && (err == nil || errors.Is(err, mime.ErrInvalidMediaParameter))
}

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
