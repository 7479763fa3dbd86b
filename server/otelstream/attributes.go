package otelstream

import (
	"net"
	"strconv"

	"github.com/mixstream/mixstream/internal/excerpt"
	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// schemaURL names the version of the semantic conventions that the names come from.
const schemaURL = semconv.SchemaURL

// Attributes without a name in the semantic conventions.
const (
	operationIDKey = attribute.Key("mixstream.operation.id")
	eventNameKey   = attribute.Key("mixstream.event.name")
	endReasonKey   = attribute.Key("mixstream.stream.end_reason")
	resumedKey     = attribute.Key("mixstream.stream.resumed")
	replayedKey    = attribute.Key("mixstream.stream.replayed_events")
	deliveredKey   = attribute.Key("mixstream.stream.delivered_events")
	gapsKey        = attribute.Key("mixstream.stream.gaps")
	sessionIDKey   = attribute.Key("mixstream.session.id")
)

// Names of spans, and of the event of a stream's span. They do not contain the session: each
// session would make a name of its own.
const (
	publishSpan = "publish"
	streamSpan  = "stream"
	gapEvent    = "mixstream.gap"
)

var messagingSystem = semconv.MessagingSystemKey.String("mixstream")

// session returns the attributes of a session. They hold a part of a long id, which the server
// may have refused for its length.
func session(id string) []attribute.KeyValue {
	id = excerpt.Text(id)
	return []attribute.KeyValue{semconv.MessagingDestinationName(id), sessionIDKey.String(id)}
}

func statusCode(status int) attribute.KeyValue { return semconv.HTTPResponseStatusCode(status) }

// peer returns the address of the client as attributes; none if remoteAddr is no address.
func peer(remoteAddr string) []attribute.KeyValue {
	host, port, err := net.SplitHostPort(remoteAddr)
	if err != nil {
		return nil
	}
	attrs := []attribute.KeyValue{semconv.NetworkPeerAddress(excerpt.Text(host))} // a middleware may have put a header there, of any length
	if n, err := strconv.Atoi(port); err == nil {
		attrs = append(attrs, semconv.NetworkPeerPort(n))
	}
	return attrs
}
