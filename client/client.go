package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/internal/excerpt"
)

// Client opens the streams of one operation on one server. P is the type of the
// operation's parameters, E the interface of its events; both follow from the descriptor
// that New is given. A Client is safe for concurrent use.
type Client[P, E any] struct {
	op  contract.Operation[P, E]
	cfg config
}

// New returns a client of an operation on the server at baseURL, to which the client
// appends the paths of the spec. It makes no connection. It fails if an option or the base
// URL is wrong, and if op.Requests is nil: the code was then generated without a client.
func New[P, E any](op contract.Operation[P, E], baseURL string, opts ...Option) (*Client[P, E], error) {
	cfg := defaultConfig()
	cfg.baseURL = baseURL
	cfg.control = op.Control
	if err := checkOperation(op); err != nil {
		return nil, err
	}
	if op.Requests == nil || op.Requests.New == nil {
		return nil, fmt.Errorf("client: operation %s makes no requests: generate its code with a client, or use Read", excerpt.Quote(op.ID))
	}
	if _, err := resumerOf(op); err != nil {
		return nil, err
	}
	cfg, err := cfg.with(opts)
	if err == nil {
		err = cfg.checkBaseURL()
	}
	if err != nil {
		return nil, err
	}
	return &Client[P, E]{op: op, cfg: cfg}, nil
}

// checkOperation refuses a descriptor that was not generated.
func checkOperation[P, E any](op contract.Operation[P, E]) error {
	if e := op.Events; e == nil || e.Decode == nil || e.Encode == nil || e.Unknown == nil {
		return fmt.Errorf("client: operation %s describes no events: it needs Events with Decode, Encode and Unknown", excerpt.Quote(op.ID))
	}
	return nil
}

// Open opens a stream with the parameters of the operation. It begins where FromStart or
// After says; by default the client sends no last event id, and the server decides.
// Options given here come after the client's own.
//
// Where the contract has an event that begins a stream (contract.Control.Connected), Open
// returns once the first event has been read, which the stream's first Next then delivers.
// Otherwise it returns at the header of the answer. In both cases the stream then misses no
// event that is published after Open returned, if the server subscribes before it answers.
//
// Open returns a refusal that a repetition does not mend at once, as an *APIError, or as
// the error that WithErrors makes of one. On other failures, such as a server that does not
// listen, it tries again within the RetryPolicy, by default for up to 10 minutes. Of a
// method that is not safe, such as POST, it repeats only a request of which nothing was
// sent; see the package documentation.
//
// The stream ends and is resumed as the operation says (contract.Operation.End and Resume).
// An Operation is a value, so a program can change both before it calls New: with
// op.End = contract.End{} and op.Resume = nil the spec's word does not count.
//
// The context governs the whole life of the stream, not only its opening.
func (c *Client[P, E]) Open(ctx context.Context, params P, opts ...Option) (*Stream[E], error) {
	cfg, err := c.cfg.with(opts)
	if err == nil {
		err = cfg.checkBaseURL()
	}
	if err != nil {
		return nil, err
	}
	session, err := c.session(params)
	if err != nil {
		return nil, err
	}
	f := newFeed(cfg, factsOf(c.op), session)
	if f.resumer, err = resumerOf(c.op); err != nil {
		return nil, err
	}
	stream, err := newStream(f, c.op.Events, cfg)
	if err != nil {
		return nil, err
	}
	hc := withRedirects(cfg.httpClient)
	f.source = newSource(ctx, cfg.after, func(ctx context.Context, lastEventID string) (*http.Response, error) {
		r, err := f.request(ctx, lastEventID, func() (*http.Request, error) {
			return newRequest(ctx, c.op.Requests.New, cfg.baseURL, params)
		})
		if err != nil {
			return nil, err
		}
		cfg.setHeader(r, lastEventID)
		return cfg.send(hc, r)
	}, f.sourceConfig())
	return stream.open()
}

// session returns the session that the parameters name. An empty one would be the stream
// of another path, or of nobody.
func (c *Client[P, E]) session(params P) (string, error) {
	session := c.op.SessionOf(params)
	if session == "" && c.op.Session.In != "" && c.op.Requests.Session != nil {
		return "", fmt.Errorf("client: the %s parameter %s, which names the session, is empty", c.op.Session.In, excerpt.Quote(c.op.Session.Name))
	}
	return session, nil
}

// requestError is a failure to make a request, which no repetition mends.
type requestError struct{ error }

func (e requestError) Unwrap() error { return e.error }

// newRequest makes a request with the function of a descriptor.
func newRequest[P any](ctx context.Context, build func(context.Context, string, P) (*http.Request, error), baseURL string, params P) (*http.Request, error) {
	r, err := build(ctx, baseURL, params)
	switch {
	case err != nil:
		return nil, requestError{fmt.Errorf("making the request: %w", err)}
	case r == nil || r.URL == nil:
		return nil, requestError{errors.New("making the request: the descriptor returned none")}
	}
	if r.Header == nil {
		r.Header = http.Header{}
	}
	return r, nil
}
