package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/mixstream/mixstream/internal/excerpt"
	"github.com/mixstream/mixstream/sse"
)

// Source is a decoder of server-sent events that reconnects. It knows no API: a function
// makes its requests, and it does not decode the data of its events.
//
// One goroutine at a time may use a Source. Any goroutine may call Close and Reconnect.
type Source struct {
	connect func(ctx context.Context, lastEventID string) (*http.Response, error)
	cfg     sourceConfig
	ctx     context.Context
	end     context.CancelCauseFunc

	// busy guards the fields below. Next holds it, and so does the last step of Close.
	busy  sync.Mutex
	dec   *sse.Decoder
	conn  *connection
	event sse.Event // the last event
	err   error     // why the source is over

	connections int    // the number of attempts that succeeded
	requested   string // the last event id that the last of them asked for
	backoff     backoff

	// mu guards what Reconnect must know while Next runs.
	mu        sync.Mutex
	interrupt func() // ends the attempt, connection or delay that is under way
	hurry     bool   // Reconnect was called since the last attempt began
}

// NewSource returns a source that starts after lastEventID, which may be empty. It makes no
// request before the first Next. The context ends it at any time. The caller must call Close
// when it no longer needs the source.
//
// connect makes one request for an event stream. If lastEventID is empty, it must send no
// header Last-Event-ID. The context governs the whole life of the response. Each call must
// send a request body anew. The http.Client of connect decides about redirects, and what
// other hosts see. A Timeout of that client ends each connection; the source then opens
// another, with the timeout as the cause.
func NewSource(ctx context.Context, lastEventID string, connect func(ctx context.Context, lastEventID string) (*http.Response, error), opts ...SourceOption) *Source {
	cfg := defaultSourceConfig()
	for _, o := range opts {
		o.applySource(&cfg)
	}
	return newSource(ctx, lastEventID, connect, cfg)
}

func newSource(ctx context.Context, lastEventID string, connect func(context.Context, string) (*http.Response, error), cfg sourceConfig) *Source {
	if connect == nil {
		panic("client: NewSource: connect is nil")
	}
	cfg.retry = cfg.retry.withDefaults()
	s := &Source{connect: connect, cfg: cfg, dec: sse.NewDecoder(nil)}
	s.ctx, s.end = context.WithCancelCause(ctx)
	s.dec.SetMaxEventSize(cfg.maxEventSize)
	s.dec.SetLastEventID(lastEventID)
	s.dec.OnComment(cfg.hooks.Comment)
	return s
}

// Next returns the next event. It waits and reconnects until there is one. The bytes of the
// event are valid until the next call.
//
// It returns io.EOF after a 204, by which the server says that there is nothing more. An
// event over the size limit has its name and id, but no data; its error is
// sse.ErrEventTooLarge, and the source goes on. Any other error is final, and later calls
// return it again: an *APIError, ErrGaveUp, ErrLastEventID, ErrClosed, or the context's.
func (s *Source) Next() (sse.Event, error) {
	err := s.advance()
	return s.event, err
}

// advance reads the next event into s.event. Passing an event on costs more than decoding
// many an event, so a typed stream reads it there.
func (s *Source) advance() error {
	s.busy.Lock()
	defer s.yield()
	s.backoff.resume()
	return s.next()
}

// yield ends a use of the source. If Close was called meanwhile, it frees the connection.
func (s *Source) yield() {
	s.backoff.pause()
	s.busy.Unlock()
	if s.ctx.Err() != nil {
		s.release()
	}
}

func (s *Source) next() error {
	for s.err == nil {
		if s.conn == nil {
			if s.err = s.open(); s.err != nil {
				break
			}
		}
		var err error
		s.event, err = s.dec.Next()
		if err == nil || errors.Is(err, sse.ErrEventTooLarge) {
			s.received()
			return err
		}
		err = s.conn.explain(err)
		s.failed(err)
		s.err = s.resumable(err, true)
	}
	s.drop()
	s.end(nil)
	s.event = sse.Event{}
	return s.err
}

// LastEventID returns the id from which the source would resume now; empty if there is none.
func (s *Source) LastEventID() string { return string(s.dec.LastEventID()) }

// moveTo makes the source resume from a position that no event has told.
func (s *Source) moveTo(position string) { s.dec.SetLastEventID(position) }

// Reconnect drops the connection and opens another at once, without the delay that may be
// under way. It has no effect before the first Next and after the end. Any goroutine may
// call it.
func (s *Source) Reconnect() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hurry = true
	if s.interrupt != nil {
		s.interrupt()
	}
}

// Close ends the source and frees its connection. A Next that is under way returns
// ErrClosed, and so do later ones, unless the source was over before. Any goroutine may call
// Close, more than once. It returns no error.
//
// Over HTTP/2, Close and Next may have to wait while a write of another request is stuck on
// the same connection, for as long as the transport allows (see [WithHTTPClient]).
func (s *Source) Close() error {
	s.end(ErrClosed)
	s.release()
	return nil
}

// release frees the connection of a source that was ended. If Next is running, Next frees
// it when it returns.
func (s *Source) release() {
	if s.busy.TryLock() {
		s.drop()
		s.busy.Unlock()
	}
}

// drop closes the connection, if there is one.
func (s *Source) drop() {
	if s.conn != nil {
		s.setInterrupt(nil, false)
		s.conn.close()
		s.conn = nil
	}
}

// setInterrupt sets what Reconnect interrupts. An attempt serves the calls of Reconnect
// before it. Such a call interrupts anything else at once.
func (s *Source) setInterrupt(f func(), attempt bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.interrupt = f
	if attempt {
		s.hurry = false
	} else if f != nil && s.hurry {
		f()
	}
}

// connectNow opens a connection before the first Next.
func (s *Source) connectNow() error {
	s.busy.Lock()
	defer s.yield()
	if s.err = s.open(); s.err != nil {
		s.end(nil)
	}
	return s.err
}

// received notes that an event has come.
func (s *Source) received() {
	s.conn.endConnectTimeout()
	s.conn.eventful = true
	// An event that repeats the position is no progress: if each connection is cut after
	// connected, the server is as good as gone.
	if string(s.event.ID) != s.requested {
		s.backoff.progress()
	} else if len(s.event.ID) == 0 {
		s.backoff.heard()
	}
}

// failed drops the connection and notes why.
func (s *Source) failed(err error) {
	if s.conn != nil && s.conn.healthy() {
		s.backoff.progress()
	}
	s.drop()
	s.backoff.failed(err)
}

// open connects, after the delay that is due if something failed before. An error is final.
func (s *Source) open() error {
	s.backoff.begin()
	for {
		if err := s.done(); err != nil {
			return err
		}
		if s.backoff.failures > 0 {
			if err := s.wait(); err != nil {
				return err
			}
		}
		err := s.attempt()
		if err == nil {
			s.connections++
			s.backoff.connected()
			return nil
		}
		if final := s.judge(err); final != nil {
			return final
		}
		if final := s.resumable(err, false); final != nil {
			return final
		}
		s.failed(err)
	}
}

// attempt makes one request. If a stream is the answer, its connection becomes the source's,
// and the decoder reads from it.
func (s *Source) attempt() error {
	lastEventID := s.LastEventID()
	if !s.cfg.anyID && !legalID(lastEventID) {
		return fmt.Errorf("%w: %s", ErrLastEventID, excerpt.Quote(lastEventID))
	}
	c := newConnection(s.ctx, &s.cfg)
	s.setInterrupt(c.reconnect, true)
	if err := c.open(s.connect, lastEventID); err != nil {
		err = c.explain(err)
		s.setInterrupt(nil, false)
		c.close()
		return err
	}
	s.conn, s.requested = c, lastEventID
	s.dec.Reset(c)
	if !s.cfg.awaitEvent {
		c.endConnectTimeout()
	}
	return nil
}

// resumable returns the error that ends the source because the next request must not be
// sent, or nil. A source that was closed ends for that reason.
func (s *Source) resumable(err error, opened bool) error {
	if s.cfg.lost == nil || s.ctx.Err() != nil {
		return nil
	}
	return s.cfg.lost(err, opened)
}

// done returns the error of a source that was closed or whose context is done.
func (s *Source) done() error {
	if s.ctx.Err() == nil {
		return nil
	}
	err, cause := s.ctx.Err(), context.Cause(s.ctx)
	switch {
	case errors.Is(cause, ErrClosed):
		return ErrClosed
	case s.backoff.failures > 0 && errors.Is(cause, err) && !errors.Is(s.backoff.cause, err): // the failure that the source was about to mend
		return fmt.Errorf("client: %w; before that: %w", err, s.backoff.cause)
	}
	return fmt.Errorf("client: %w", contextError(s.ctx))
}

// judge returns the error that ends the source after a failed attempt, or nil if another
// attempt may mend it.
func (s *Source) judge(err error) error {
	s.backoff.asked, s.backoff.refresh = 0, false
	if done := s.done(); done != nil {
		return done
	}
	switch {
	case errors.Is(err, errNothingMore):
		return io.EOF
	case errors.As(err, new(passedGapError)):
		return nil
	case errors.Is(err, ErrLastEventID), errors.As(err, new(requestError)), errors.As(err, new(*GapError)):
		return err
	}
	if answer := answerIn(err); answer != nil && answer.StatusCode == http.StatusUnauthorized &&
		s.connections > 0 && s.cfg.retryUnauthorized && !s.backoff.refreshed {
		s.backoff.refresh, s.backoff.refreshed = true, true
		return nil
	}
	asked, ok := repeatable(err, s.connections == 0)
	if !ok {
		return err
	}
	s.backoff.asked = asked
	return nil
}

// wait waits for the delay before the next attempt. It returns an error if the policy allows
// no attempt, or if the source is over.
func (s *Source) wait() error {
	asked, _ := s.dec.Retry()
	delay, err := s.backoff.delay(s.cfg.retry, asked)
	if err != nil {
		return err
	}
	if s.cfg.hooks.Retrying != nil {
		s.cfg.hooks.Retrying(Retry{Attempt: s.backoff.failures, Delay: delay, Err: s.backoff.cause, LastEventID: s.LastEventID()})
	}

	ctx, cancel := context.WithTimeout(s.ctx, delay)
	defer cancel()
	s.setInterrupt(cancel, false)
	<-ctx.Done()
	s.setInterrupt(nil, false)
	return s.done()
}
