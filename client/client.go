package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/excerpt"
	"github.com/mixstream/mixstream/internal/redact"
)

// Client opens the event streams of one server, and publishes to them. It is safe for concurrent use.
type Client struct {
	cfg config
}

// New returns a client of the server at baseURL, to which the paths of the spec
// are appended. It makes no connection.
func New(baseURL string, opts ...Option) (*Client, error) {
	cfg := defaultConfig()
	cfg.baseURL = baseURL
	for _, o := range opts {
		o.applyClient(&cfg)
	}
	if err := cfg.check(); err != nil {
		return nil, err
	}
	return &Client{cfg: cfg}, nil
}

func (c *config) check() error {
	u, err := url.Parse(c.baseURL)
	switch {
	case err != nil:
		return fmt.Errorf("client: base URL: %w", excerpt.Error(redact.Error(err)))
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return fmt.Errorf("client: base URL %s: not an absolute http or https URL", excerpt.Quote(redact.URL(c.baseURL)))
	case strings.ContainsAny(c.baseURL, "?#"): // in which there may be a token
		base, _, _ := strings.Cut(redact.URL(c.baseURL), "?")
		base, _, _ = strings.Cut(base, "#")
		return fmt.Errorf("client: base URL %s: has a query or a fragment", excerpt.Quote(base))
	case !reachable(u):
		return fmt.Errorf("client: base URL %s: no server can have this host and port", excerpt.Quote(redact.URL(c.baseURL)))
	case c.httpClient == nil:
		return errors.New("client: nil HTTP client")
	case c.httpClient.Timeout != 0:
		return fmt.Errorf("client: the HTTP client has a Timeout of %v, which would end every stream; use WithConnectTimeout and WithIdleTimeout", c.httpClient.Timeout)
	}
	if n := c.source.maxEventSize; n > 0 && n < minEventSize {
		return fmt.Errorf("client: a maximum event size of %d bytes: what the server itself says takes up to %d", n, minEventSize)
	}
	if slices.ContainsFunc(c.editors, func(f gen.RequestEditorFn) bool { return f == nil }) {
		return errors.New("client: nil request editor")
	}
	for key, values := range c.header {
		switch {
		case key == "Last-Event-Id":
			return errors.New("client: the last event ID is an argument of StreamEvents, and no header to set: it changes from attempt to attempt")
		case key == "Host":
			return errors.New("client: header Host: net/http sends another one; a request editor can set the Host of the request")
		case !isToken(key):
			return fmt.Errorf("client: header %s: illegal name", excerpt.Quote(key))
		}
		for _, value := range values {
			if !legalHeader(value) {
				return fmt.Errorf("client: header %s: illegal value", key)
			}
		}
	}
	return nil
}

// minEventSize is the least limit of a typed stream: a gap must not be lost for
// being too large.
const minEventSize = 1 << 10

// StreamEvents opens the stream of a session, to go on after lastEventID; nil or
// an empty string starts with what comes next, and "0" with everything that the
// server retains. Options given here come after the client's own.
//
// It returns once the first event has been read, which the stream's first Next
// then delivers, so no event published after it returned is missed. A refusal
// that a repetition does not mend is returned at once, as an *ErrorResponse or
// *APIError; on other failures, such as a server that does not listen, it tries
// again within the RetryPolicy, by default for up to 10 minutes.
//
// The context governs the whole life of the stream, not only its opening.
func (c *Client) StreamEvents(ctx context.Context, sessionID string, lastEventID *string, opts ...Option) (*Stream, error) {
	cfg := c.cfg
	for _, o := range opts {
		o.applyClient(&cfg)
	}
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if sessionID == "" {
		return nil, errors.New("client: empty session id")
	}
	cfg.source.awaitEvent = true
	cfg.source.refused = errorResponse
	requester, err := gen.NewClient(cfg.baseURL, gen.WithHTTPClient(withRedirects(cfg.httpClient)), gen.WithRequestEditorFn(cfg.setHeader))
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	connect := func(ctx context.Context, lastEventID string) (*http.Response, error) {
		params := &gen.StreamEventsParams{SessionID: sessionID}
		if lastEventID != "" {
			params.LastEventID = &lastEventID
		}
		return requester.StreamEvents(ctx, params, cfg.editors...)
	}
	var after string
	if lastEventID != nil {
		after = *lastEventID
	}
	return openStream(newSource(ctx, after, connect, cfg.source), sessionID, cfg)
}

// setHeader sets the headers of a request for an event stream. Compression is
// declined, since a compressor may hold events back.
func (c *config) setHeader(_ context.Context, r *http.Request) error {
	r.Header.Set("Accept", "text/event-stream")
	r.Header.Set("Accept-Encoding", "identity")
	r.Header.Set("Cache-Control", "no-cache")
	for key, values := range c.header {
		r.Header[key] = slices.Clone(values)
	}
	return nil
}
