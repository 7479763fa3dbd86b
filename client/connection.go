package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/mixstream/mixstream/internal/excerpt"
)

// connection is one event stream over HTTP, from the attempt to its end.
type connection struct {
	cfg      *sourceConfig
	ctx      context.Context
	cancel   context.CancelCauseFunc
	body     io.ReadCloser
	since    time.Time // when the stream was opened; zero before that
	heard    time.Time // when the last byte came
	eventful bool      // it brought an event

	connecting *time.Timer // the connect timeout; nil once it is over
	idle       *time.Timer // runs while a read waits; nil without an idle timeout
}

// newConnection returns a connection that open opens. Its connect timeout runs.
func newConnection(ctx context.Context, cfg *sourceConfig) *connection {
	c := &connection{cfg: cfg}
	c.ctx, c.cancel = context.WithCancelCause(ctx)
	if d := cfg.connectTimeout; d > 0 {
		c.connecting = time.AfterFunc(d, func() { c.cancel(ErrConnectTimeout) })
	}
	return c
}

// reconnect ends the connection at the caller's wish. Any goroutine may call it.
func (c *connection) reconnect() { c.cancel(errReconnect) }

// open makes one request, and returns an error unless the answer is a stream.
func (c *connection) open(connect func(context.Context, string) (*http.Response, error), lastEventID string) error {
	resp, err := connect(c.ctx, lastEventID)
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
		return c.cfg.refused(&APIError{StatusCode: resp.StatusCode, Header: resp.Header, Body: c.errorBody(), Request: resp.Request})
	}
	if c.cfg.opened != nil {
		if err := c.cfg.opened(resp, lastEventID); err != nil {
			return err
		}
	}
	c.since = time.Now()
	c.heard = c.since
	if d := c.cfg.idleTimeout; d > 0 {
		c.idle = time.AfterFunc(d, func() { c.cancel(ErrIdle) })
		c.idle.Stop()
	}
	if c.cfg.hooks.Connected != nil {
		c.cfg.hooks.Connected(resp)
	}
	return nil
}

// errorBody reads the start of a body that is not a stream. The body may never end, so
// errorBody returns what comes within maxErrorWait.
func (c *connection) errorBody() []byte {
	defer time.AfterFunc(maxErrorWait, func() { c.cancel(nil) }).Stop()
	body, _ := io.ReadAll(io.LimitReader(c.body, maxErrorBody))
	return body
}

// Read reads the body. The idle timeout runs only here: a slow caller must not make the
// connection look dead.
func (c *connection) Read(p []byte) (int, error) {
	if c.idle != nil {
		c.idle.Reset(c.cfg.idleTimeout)
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

// healthy reports whether the connection stood so long that its loss is not another failure
// in a row.
func (c *connection) healthy() bool {
	return c.heard.Sub(c.since) >= healthyAfter && (c.eventful || !c.cfg.awaitEvent)
}

// endConnectTimeout ends the connect timeout.
func (c *connection) endConnectTimeout() {
	if c.connecting != nil {
		c.connecting.Stop()
		c.connecting = nil
	}
}

func (c *connection) close() {
	c.endConnectTimeout()
	if c.idle != nil {
		c.idle.Stop()
	}
	c.cancel(nil)
	if c.body != nil {
		c.body.Close()
	}
}

// explain returns why this side ended the connection; if it did not, err itself.
func (c *connection) explain(err error) error {
	switch cause := context.Cause(c.ctx); {
	case errors.As(err, new(*APIError)), errors.As(err, new(*GapError)), errors.Is(err, errNothingMore):
		return err
	case errors.Is(cause, ErrConnectTimeout), errors.Is(cause, ErrIdle), errors.Is(cause, errReconnect):
		return cause
	case errors.Is(err, io.EOF) && c.since.IsZero():
		// A wrapped io.EOF would look like the clean end.
		return fmt.Errorf("client: %v", excerpt.Error(err))
	case errors.Is(err, io.EOF):
		return errStreamEnded
	case c.since.IsZero():
		return fmt.Errorf("client: %w", excerpt.Error(err))
	}
	return fmt.Errorf("client: the stream was cut: %w", excerpt.Error(err))
}
