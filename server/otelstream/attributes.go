package otelstream

import (
	"net"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// schemaURL says which version of the semantic conventions names come from.
const schemaURL = semconv.SchemaURL

// Attributes that the semantic conventions have no names for.
const (
	eventNameKey = attribute.Key("mixstream.event.name")
	endReasonKey = attribute.Key("mixstream.stream.end_reason")
	resumedKey   = attribute.Key("mixstream.stream.resumed")
	replayedKey  = attribute.Key("mixstream.stream.replayed_events")
	deliveredKey = attribute.Key("mixstream.stream.delivered_events")
	gapsKey      = attribute.Key("mixstream.stream.gaps")
	sessionIDKey = attribute.Key("mixstream.session.id")
)

// Names of spans and of the event of a stream's span. They do not have the
// session: it would be a name for each.
const (
	publishSpan = "publish"
	streamSpan  = "stream"
	gapEvent    = "mixstream.gap"
)

var messagingSystem = semconv.MessagingSystemKey.String("mixstream")

func statusCode(status int) attribute.KeyValue { return semconv.HTTPResponseStatusCode(status) }

// peer returns the address of the client, as far as there is one.
func peer(remoteAddr string) []attribute.KeyValue {
	host, port, err := net.SplitHostPort(remoteAddr)
	if err != nil {
		return nil
	}
	attrs := []attribute.KeyValue{semconv.NetworkPeerAddress(host)}
	if n, err := strconv.Atoi(port); err == nil {
		attrs = append(attrs, semconv.NetworkPeerPort(n))
	}
	return attrs
}
