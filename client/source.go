package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/mixstream/mixstream/sse"
)

// ConnectFunc makes one request for an event stream that resumes after
// lastEventID; empty means that there is none, and that no header Last-Event-ID
// is to be sent. The context governs the whole life of the response. Each call
// must send a request body anew.
//
// Redirects, and what they show to other hosts, are up to its http.Client. A
// Timeout of that client ends each connection when it has passed; the source then
// opens another, with the timeout as the cause.
type ConnectFunc func(ctx context.Context, lastEventID string) (*http.Response, error)

// Source is a decoder of server-sent events that reconnects. It knows nothing of
// any API: a function makes its requests, and its events are undecoded.
//
// One goroutine at a time may use it; Close and Reconnect may be called from any.
type Source struct {
	connect ConnectFunc
	cfg     sourceConfig
	ctx     context.Context
	end     context.CancelCauseFunc

	// busy is held by whoever uses what follows: Next, or the last step of Close.
	busy  sync.Mutex
	dec   *sse.Decoder
	conn  *connection
	event sse.Event // that was read last
	err   error     // why the source is over

	connections int    // attempts that succeeded
	requested   string // the last event ID with which the latest of them did
	outage      outage

	// mu guards what Reconnect needs to know while Next runs.
	mu        sync.Mutex
	interrupt func() // ends the attempt, connection or delay that is under way
	hurry     bool   // Reconnect was called since the last attempt began
}

var (
	// errReconnect ends a connection at the caller's wish.
	errReconnect = errors.New("client: reconnection requested")
	// errNothingMore is a 204. It is not io.EOF, which is also what net/http
	// reports of a connection that was closed before its answer.
	errNothingMore = errors.New("client: the server has nothing more")
	// errStreamEnded is the end of a body that says nothing of the stream's end.
	errStreamEnded = errors.New("client: the stream ended")
)

// NewSource returns a source that starts after lastEventID, which may be empty.
// It does nothing before the first Next. The context ends it, at any time. Call
// Close when it is no longer needed.
func NewSource(ctx context.Context, lastEventID string, connect ConnectFunc, opts ...SourceOption) *Source {
	cfg := defaultSourceConfig()
	for _, o := range opts {
		o.applySource(&cfg)
	}
	return newSource(ctx, lastEventID, connect, cfg)
}

func newSource(ctx context.Context, lastEventID string, connect ConnectFunc, cfg sourceConfig) *Source {
	if connect == nil {
		panic("client: nil ConnectFunc")
	}
	cfg.retry = cfg.retry.withDefaults()
	s := &Source{connect: connect, cfg: cfg, dec: sse.NewDecoder(nil)}
	s.ctx, s.end = context.WithCancelCause(ctx)
	s.dec.SetMaxEventSize(cfg.maxEventSize)
	s.dec.SetLastEventID(lastEventID)
	s.dec.OnComment(cfg.onComment)
	return s
}

// Next returns the next event, and waits and reconnects for it as long as it
// must. The bytes of the event are valid until the next call.
//
// It returns io.EOF once the server has said, by a 204, that there is nothing
// more. An event over the size limit comes with its name and id, without data,
// and with an error that is sse.ErrEventTooLarge; the source goes on. Any other
// error is final, and is returned again by later calls: an *APIError, ErrGaveUp,
// ErrLastEventID, ErrClosed, or the context's.
func (s *Source) Next() (sse.Event, error) {
	err := s.advance()
	return s.event, err
}

// advance is Next for whoever reads the event where it is: to hand it on costs more
// than many an event costs to decode.
func (s *Source) advance() error {
	s.busy.Lock()
	defer s.leave()
	s.outage.resume()
	return s.next()
}

// leave ends the use of the source by Next. A Close that came meanwhile left the
// connection to it.
func (s *Source) leave() {
	s.outage.pause()
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

// LastEventID returns the id from which the source would resume now, or an empty
// string.
func (s *Source) LastEventID() string { return string(s.dec.LastEventID()) }

// Reconnect drops the connection and opens another at once, also if the source
// is just waiting to do so. It has no effect before the first Next and after the
// end. It may be called from any goroutine.
func (s *Source) Reconnect() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hurry = true
	if s.interrupt != nil {
		s.interrupt()
	}
}

// Close ends the source and frees its connection. A Next that is under way
// returns ErrClosed, and so do later ones, unless the source was over before. It
// may be called more than once and from any goroutine, and returns no error. Over HTTP/2
// both may have to wait while another request's write on the same connection is stuck,
// for as long as the transport lets it (see [WithHTTPClient]).
func (s *Source) Close() error {
	s.end(ErrClosed)
	s.release()
	return nil
}

// release frees the connection of a source that was ended. If Next is running,
// it does so itself when it returns.
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

// setInterrupt sets what Reconnect is to interrupt. An attempt fulfils the calls
// of Reconnect before it; anything else is interrupted by them at once.
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

// connectNow opens a connection before the first event is wanted.
func (s *Source) connectNow() error {
	s.busy.Lock()
	defer s.leave()
	if s.err = s.open(); s.err != nil {
		s.end(nil)
	}
	return s.err
}

// received notes that an event has come.
func (s *Source) received() {
	s.conn.settled()
	s.conn.eventful = true
	// An event that repeats the position is no progress: a connection that is cut
	// after connected, again and again, is an outage.
	if string(s.event.ID) != s.requested {
		s.outage.progress()
	} else if len(s.event.ID) == 0 {
		s.outage.since = time.Time{}
	}
}

// failed drops the connection and notes why.
func (s *Source) failed(err error) {
	if s.conn != nil && s.conn.healthy(s.cfg.awaitEvent) {
		s.outage.progress()
	}
	s.drop()
	s.outage.failed(err)
}

// open connects, after the delay that is due if something failed before. A
// returned error is final.
func (s *Source) open() error {
	s.outage.begin()
	for {
		if err := s.done(); err != nil {
			return err
		}
		if s.outage.failures > 0 {
			if err := s.wait(); err != nil {
				return err
			}
		}
		err := s.attempt()
		if err == nil {
			s.connections++
			s.outage.connected()
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

// resumable returns the error that ends the source since what follows err may not be sent,
// or nil. A source that was closed ends for that reason.
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
	case s.outage.failures > 0 && errors.Is(cause, err) && !errors.Is(s.outage.cause, err): // what the source was about to mend
		return fmt.Errorf("client: %w; before that: %w", err, s.outage.cause)
	}
	return fmt.Errorf("client: %w", contextError(s.ctx))
}

// contextError returns the error of a context that is done, with its cause.
func contextError(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if errors.Is(cause, err) {
		return cause
	}
	return fmt.Errorf("%w: %w", err, cause)
}

// judge returns the error that ends the source after a failed attempt, or nil if
// another attempt may mend it.
func (s *Source) judge(err error) error {
	s.outage.asked, s.outage.refresh = 0, false
	if done := s.done(); done != nil {
		return done
	}
	if errors.Is(err, errNothingMore) {
		return io.EOF
	}
	if errors.As(err, new(passedGapError)) {
		return nil
	}
	if errors.Is(err, ErrLastEventID) || unreachable(err) || errors.As(err, new(requestError)) || errors.As(err, new(*GapError)) {
		return err
	}
	var api *APIError
	if !errors.As(err, &api) {
		return nil
	}
	switch {
	case api.StatusCode == http.StatusUnauthorized && s.connections > 0 && s.cfg.retryUnauthorized && !s.outage.refreshed:
		s.outage.refresh, s.outage.refreshed = true, true
		return nil
	case !retryable(api.StatusCode, s.connections == 0):
		return err
	}
	s.outage.asked = retryAfter(api.Header)
	return nil
}

// wait lets the delay before the next attempt pass. It returns an error if there
// is to be none.
func (s *Source) wait() error {
	asked, _ := s.dec.Retry()
	delay, err := s.outage.delay(s.cfg.retry, asked)
	if err != nil {
		return err
	}

	retry := Retry{Attempt: s.outage.failures, Delay: delay, Err: s.outage.cause, LastEventID: s.LastEventID()}
	s.cfg.logger.InfoContext(s.ctx, "reconnecting", "attempt", retry.Attempt, "delay", delay, "error", retry.Err, "last_event_id", retry.LastEventID)
	if s.cfg.onRetry != nil {
		s.cfg.onRetry(retry)
	}

	ctx, cancel := context.WithTimeout(s.ctx, delay)
	defer cancel()
	s.setInterrupt(cancel, false)
	<-ctx.Done()
	s.setInterrupt(nil, false)
	return s.done()
}
