package server

import "net/http"

// Unlimited is the value of a field of [Limits] that removes the limit.
const Unlimited int = -1

// Limits bounds what clients and publishers can take of a server. Zero in a field keeps its
// default, or what an earlier [WithLimits] has set. [Unlimited] removes the limit. [New]
// refuses any other negative value.
type Limits struct {
	// Streams is the number of streams that can be open at once; 20,000 by default. The
	// server answers a request beyond it with 503 and Retry-After.
	//
	// A browser's EventSource does not come back after a 503 or 429. So Streams,
	// StreamsPerSession and StreamsPerClient are to protect the server, and not to shape its
	// load. During Shutdown the server does not apply them, since it sends each new stream
	// away at once.
	Streams int
	// StreamsPerSession is the number of streams of one session that can be open at once;
	// 10,000 by default. The server answers a request beyond it with 429 and Retry-After.
	StreamsPerSession int
	// StreamsPerClient is the number of streams of one client that can be open at once;
	// unlimited by default. The server answers a request beyond it with 429 and Retry-After.
	// It needs a ClientKey.
	StreamsPerClient int

	// Publishes is the number of requests that can publish at once; 1,000 by default. The
	// server answers a request beyond it with 503 and Retry-After.
	Publishes int
	// PublishesPerClient is the number of requests of one client that can publish at once;
	// 250 by default. The server answers a request beyond it with 429 and Retry-After.
	PublishesPerClient int

	// EventSize is the size of an event's data, as JSON, in bytes; 1 MiB by default. Publish
	// fails with [ErrEventTooLarge] beyond it. It cannot be Unlimited.
	EventSize int
	// SessionIDLength is the length of a session id in bytes; 256 by default. Publish fails
	// with [ErrInvalidSessionID] beyond it, and the server answers a request with 400. It
	// cannot be Unlimited.
	SessionIDLength int

	// SendBuffer is the size, in bytes, of the kernel's send buffer of a detached stream;
	// 64 KiB by default. Unlimited leaves the size to the kernel. See [WithDetachedStreams].
	// The function [SendBuffer] sets the size for all connections of an http.Server; there,
	// zero leaves it to the kernel.
	SendBuffer int

	// ClientKey returns what identifies the client of a request: the user that a middleware
	// has put into the context, a token, an address. An empty string exempts the request
	// from the limits per client. The server calls ClientKey from many goroutines, after the
	// authorizer.
	//
	// If it is nil, PublishesPerClient counts by [ClientAddress], and New refuses a
	// StreamsPerClient: behind a proxy all clients have the address of the proxy, and would
	// share one limit.
	ClientKey func(*http.Request) string
}

// WithLimits sets the limits that l names, and leaves the others as they are.
func WithLimits(l Limits) Option {
	return func(c *config) {
		for _, f := range []field[int]{
			{"Limits.Streams", l.Streams, &c.maxStreams, ""},
			{"Limits.StreamsPerSession", l.StreamsPerSession, &c.maxStreamsPerSession, ""},
			{"Limits.StreamsPerClient", l.StreamsPerClient, &c.maxStreamsPerClient, ""},
			{"Limits.Publishes", l.Publishes, &c.maxPublishes, ""},
			{"Limits.PublishesPerClient", l.PublishesPerClient, &c.maxPublishesPerClient, ""},
			{"Limits.EventSize", l.EventSize, &c.maxEventSize, "the server holds each event in memory"},
			{"Limits.SessionIDLength", l.SessionIDLength, &c.maxSessionIDLength, "the server keeps and logs the ids of sessions"},
			{"Limits.SendBuffer", l.SendBuffer, &c.sendBuffer, ""},
		} {
			c.refuse(f.set("Unlimited", 1))
		}
		if l.ClientKey != nil {
			c.clientKey, c.publishClientKey = l.ClientKey, l.ClientKey
		}
	}
}
