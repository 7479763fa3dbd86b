package client

import (
	"context"
	"errors"
	"net/http"

	"github.com/mixstream/mixstream/contract"
)

// Read reads a stream whose requests the caller makes: with a client of its own, or by more
// than one operation, such as an answer that a POST begins and a GET with a cursor resumes.
// op says what the events are, and how the stream begins. Read makes no request by itself,
// and ignores the options about requests.
//
// The first Next calls connect with a nil last. After a cut, the stream calls connect with
// the last event that it delivered, and connect must ask for what follows that event. The
// stream repeats such a call like any reconnection, so it must be safe to repeat.
//
// If op's method is not safe, the stream calls connect(ctx, nil) again only if its request
// was not sent. A cut before the first event then ends the stream with ErrNotResumable. If
// the method is safe, the stream calls connect(ctx, nil) again after such a cut, and connect
// should ask for the stream from its start.
//
// The context of a call governs the whole life of its response. connect must not keep last.
// It is up to connect that no event is lost or comes twice: Read cannot tell where a server
// goes on, unless the events of the contract say it.
//
// The stream ends at once, with an error, if the options are wrong. It also does so with
// After and FromStart, since only connect could honour them.
func Read[P, E any](ctx context.Context, op contract.Operation[P, E], connect func(ctx context.Context, last *Event[E]) (*http.Response, error), opts ...Option) *Stream[E] {
	cfg := defaultConfig()
	cfg.controlled = op.Control != nil
	cfg, err := cfg.with(opts)
	if err == nil {
		err = checkOperation(op)
	}
	if err == nil && cfg.after != "" {
		err = errors.New("client: Read: After and FromStart have no effect, since connect makes the requests")
	}
	if err != nil {
		return failedStream[E](ctx, err)
	}
	r := newRawStream(cfg, operationOf(op), "")
	r.resumption.own = true
	s, err := newStream(r, op.Events)
	if err != nil {
		return failedStream[E](ctx, err)
	}
	r.start(ctx, func(ctx context.Context, _ string) (*http.Response, error) {
		if !r.resumption.delivered() {
			return connect(ctx, nil)
		}
		last := s.event
		return connect(ctx, &last)
	})
	return s
}

// failedStream returns a stream that has ended with an error. Its methods still work.
func failedStream[E any](ctx context.Context, err error) *Stream[E] {
	r := newRawStream(defaultConfig(), operation{}, "")
	r.start(ctx, func(context.Context, string) (*http.Response, error) { return nil, ErrClosed })
	r.source.Close()
	return &Stream[E]{raw: r, err: err}
}
