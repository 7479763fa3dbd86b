package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/internal/excerpt"
)

// Client opens the streams of one operation on one server. P is the type of the operation's
// parameters, E the interface of its events; both follow from the descriptor that New gets.
// A Client is safe for concurrent use.
type Client[P, E any] struct {
	op      contract.Operation[P, E]
	baseURL string
	cfg     config
}

// New returns a client of an operation on the server at baseURL, to which the client appends
// the paths of the spec. It makes no connection. It fails if an option or the base URL is
// wrong. It also fails if op.Requests is nil, as in code that eventgen generated without a
// client.
func New[P, E any](op contract.Operation[P, E], baseURL string, opts ...Option) (*Client[P, E], error) {
	if err := checkOperation(op); err != nil {
		return nil, err
	}
	if op.Requests == nil || op.Requests.New == nil {
		return nil, fmt.Errorf("client: operation %s makes no requests: generate its code with a client, or use Read", excerpt.Quote(op.ID))
	}
	if _, err := resumerOf(op, baseURL); err != nil {
		return nil, err
	}
	cfg := defaultConfig()
	cfg.controlled = op.Control != nil
	cfg, err := cfg.with(opts)
	if err == nil {
		err = checkBaseURL(baseURL)
	}
	if err != nil {
		return nil, err
	}
	return &Client[P, E]{op: op, baseURL: baseURL, cfg: cfg}, nil
}

// Open opens a stream with the parameters of the operation. FromStart and After say where it
// begins. By default the client sends no last event id, and the server decides. Options
// given here come after the client's own.
//
// If the contract has an event that begins a stream (contract.Control.Connected), Open
// returns once the first event has been read. The stream's first Next then delivers it.
// Otherwise Open returns at the header of the answer. In both cases the stream misses no
// event that is published after Open returned, if the server subscribes before it answers.
//
// Open returns a refusal that a repetition does not mend at once, as an *APIError. After
// other failures, such as a server that does not listen, it tries again within the
// RetryPolicy, by default for up to 10 minutes. If the method is not safe, such as POST, it
// tries again only if nothing of the request was sent; see the package documentation.
//
// The stream ends and is resumed as the operation says (contract.Operation.End and Resume).
// An Operation is a value, so a program can change both before it calls New: with
// op.End = contract.End{} and op.Resume = nil, the client ignores what the spec says.
//
// The context governs the whole life of the stream, not only its opening.
func (c *Client[P, E]) Open(ctx context.Context, params P, opts ...Option) (*Stream[E], error) {
	cfg, err := c.cfg.with(opts)
	if err != nil {
		return nil, err
	}
	session, err := c.session(params)
	if err != nil {
		return nil, err
	}
	r := newRawStream(cfg, operationOf(c.op), session)
	if r.resumption.resumer, err = resumerOf(c.op, c.baseURL); err != nil {
		return nil, err
	}
	stream, err := newStream(r, c.op.Events)
	if err != nil {
		return nil, err
	}
	hc := withRedirects(cfg.httpClient)
	r.start(ctx, func(ctx context.Context, lastEventID string) (*http.Response, error) {
		req, err := r.resumption.request(ctx, lastEventID, func() (*http.Request, error) { return c.request(ctx, params) })
		if err != nil {
			return nil, err
		}
		cfg.setHeader(req, lastEventID)
		return cfg.send(hc, req)
	})
	return stream.open()
}

// session returns the session that the parameters name. It fails if they should name one and
// do not: an empty name would give the path of another resource.
func (c *Client[P, E]) session(params P) (string, error) {
	session := c.op.SessionOf(params)
	if session == "" && c.op.Session.In != "" && c.op.Requests.Session != nil {
		return "", fmt.Errorf("client: the %s parameter %s, which names the session, is empty", c.op.Session.In, excerpt.Quote(c.op.Session.Name))
	}
	return session, nil
}

// request returns a request that begins a stream.
func (c *Client[P, E]) request(ctx context.Context, params P) (*http.Request, error) {
	r, err := c.op.Requests.New(ctx, c.baseURL, params)
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
