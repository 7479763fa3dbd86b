package client

import (
	"context"
	"errors"
	"net/http"

	"github.com/mixstream/mixstream/contract"
)

// Read reads a stream whose requests are the caller's to make: with a client of its own, or
// by more than one operation, as for an answer that a POST begins and a GET with a cursor
// resumes. op says what the events are, and how the stream begins; Read makes no request by
// itself, and ignores the options about requests.
//
// The first Next calls connect with a nil last. After a cut, the stream calls it with the
// last event that was delivered, and connect must then ask for what follows that event. The
// stream repeats such a call like any reconnection, so it must be safe to repeat. If op's
// method is not safe, connect(ctx, nil) is called again only if its request was not sent;
// a cut before the first event ends the stream with ErrNotResumable. If the method is safe,
// connect(ctx, nil) is called again then, and should ask for the stream from its start.
//
// The context of a call governs the whole life of its response. connect must not keep last.
// That nothing is lost or doubled rests on connect: Read cannot tell where a server goes on,
// unless the events of the contract say it.
//
// The stream ends at once, with an error, if the options are wrong, and with After or
// FromStart, which only connect can honour.
func Read[P, E any](ctx context.Context, op contract.Operation[P, E], connect func(ctx context.Context, last *Event[E]) (*http.Response, error), opts ...Option) *Stream[E] {
	cfg := defaultConfig()
	cfg.control = op.Control
	cfg, err := cfg.with(opts)
	if err == nil {
		err = checkOperation(op)
	}
	if err == nil && cfg.after != "" {
		err = errStartOfRead
	}
	if err != nil {
		return failedStream[E](ctx, cfg, err)
	}
	f := newFeed(cfg, factsOf(op), "")
	f.own = true
	s, err := newStream(f, op.Events, cfg)
	if err != nil {
		return failedStream[E](ctx, cfg, err)
	}
	sourceCfg := f.sourceConfig()
	sourceCfg.anyID = true
	f.source = newSource(ctx, "", func(ctx context.Context, _ string) (*http.Response, error) {
		if f.connection == 0 {
			return connect(ctx, nil)
		}
		last := s.event
		return connect(ctx, &last)
	}, sourceCfg)
	return s
}

// failedStream returns a stream that has ended with an error.
func failedStream[E any](ctx context.Context, cfg config, err error) *Stream[E] {
	f := &feed{source: newSource(ctx, "", nothing, cfg.source)}
	f.source.Close()
	return &Stream[E]{feed: f, err: err}
}

func nothing(context.Context, string) (*http.Response, error) { return nil, ErrClosed }

var errStartOfRead = errors.New("client: Read: After and FromStart have no effect, since connect makes the requests")
