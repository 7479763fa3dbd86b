package mix

import (
	"context"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/gen"
)

// Stream is the typed, reconnecting stream of one session.
type Stream = client.Stream[gen.Event]

// Event is one event of a Stream. Its Data is a pointer to one of the data types of package
// gen, or a *gen.UnknownEvent.
type Event = client.Event[gen.Event]

// ReplayGap is the type of the error event by which the server tells a gap.
const ReplayGap = "replay_gap"

// Client opens the event streams of one server of the contract, and publishes to them. It is
// safe for concurrent use.
type Client struct {
	*client.Client[gen.StreamEventsRequest, gen.Event]
}

// NewClient returns a client of the server at baseURL, to which the client appends the paths
// of the spec. It makes no connection. The options are those of package client. If the
// server answers with the error of the spec, the *client.APIError wraps an *ErrorResponse,
// unless client.WithErrors says otherwise.
func NewClient(baseURL string, opts ...client.Option) (*Client, error) {
	own := []client.Option{client.WithErrors(errorResponse)}
	c, err := client.New(gen.StreamEvents, baseURL, append(own, opts...)...)
	if err != nil {
		return nil, err
	}
	return &Client{c}, nil
}

// StreamEvents opens the stream of a session after lastEventID. If that is nil or points to
// an empty string, client.FromStart and client.After say where the stream begins; by default
// it begins with what comes next. A lastEventID of "0" is FromStart. Options given here come
// after the client's own.
//
// StreamEvents returns once the first event has been read, so the stream misses no event
// that is published after that. The stream's first Next delivers it. StreamEvents returns a
// refusal that a repetition does not mend at once, as a *client.APIError. After other
// failures, such as a server that does not listen, it tries again within the RetryPolicy, by
// default for up to 10 minutes.
//
// The context governs the whole life of the stream, not only its opening.
func (c *Client) StreamEvents(ctx context.Context, sessionID string, lastEventID *string, opts ...client.Option) (*Stream, error) {
	if lastEventID != nil && *lastEventID != "" {
		opts = append(opts[:len(opts):len(opts)], client.After(*lastEventID))
	}
	return c.Open(ctx, gen.StreamEventsRequest{SessionID: sessionID}, opts...)
}

// Publish appends an event to a session and returns its id once the event is in the server's
// log. Options given here come after the client's own. [client.Publisher.Publish] says what
// it repeats, and which errors it returns.
func (c *Client) Publish(ctx context.Context, sessionID string, event gen.Event, opts ...client.Option) (id string, err error) {
	p, err := c.publisher(ctx, sessionID, opts)
	if err != nil {
		return "", err
	}
	return p.Publish(ctx, event)
}

// PublishLines appends events that are lines of JSON, each {"event":name,"data":{…}}
// (application/x-ndjson). See [client.Publisher.PublishLines].
func (c *Client) PublishLines(ctx context.Context, sessionID string, lines []byte, opts ...client.Option) (client.PublishResult, error) {
	p, err := c.publisher(ctx, sessionID, opts)
	if err != nil {
		return client.PublishResult{}, err
	}
	return p.PublishLines(ctx, lines)
}

// publisher returns the publisher of a session. In the contract, it has the path of the
// stream.
func (c *Client) publisher(ctx context.Context, sessionID string, opts []client.Option) (*client.Publisher[gen.Event], error) {
	return c.Publisher(ctx, gen.StreamEventsRequest{SessionID: sessionID}, opts...)
}

// UntilComplete ends the stream, with a nil error, after the first complete event of the
// session's own agent. The events of sub-agents name a parent tool call, and do not count.
func UntilComplete() client.Option {
	return client.Until(func(e *Event) bool {
		data, ok := e.Data.(*gen.CompleteData)
		return ok && data.ParentToolCallID == nil
	})
}
