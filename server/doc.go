// Package server serves the streams of one streaming operation of an OpenAPI document, and
// publishes to them: an http.Handler to mount, and a typed Publish. The operation is the variable
// that eventgen declares for it (package contract):
//
//	orders, err := server.New(api.OrderEvents)
//	...
//	mux.Handle("GET /orders/{orderId}/events", orders)
//	...
//	id, err := orders.Publish(ctx, "order-7", &api.OrderShipped{Carrier: "DHL"})
//
// A parameter of the operation names the session of a stream, here orderId. An application with
// a router and handlers of its own calls [Server.Serve] from one of them. With a strict handler
// of oapi-codegen, embed that handler and replace the method of the stream.
//
// A log behind the server is the source of truth (package eventlog), and a connection is only a
// view of it. Publish returns when the event is in the log, and does not wait for readers. A
// reader is a position in the log, and not a queue. A slow reader costs the others nothing, and
// one that falls behind what the log retains learns so. Servers of several operations can share
// a log ([WithLog]).
//
// # Options
//
// [New] takes options. [WithLimits] and [WithTiming] hold all numbers and times; a field that is
// zero keeps its default. [WithAuthorizer] and [WithPublishAuthorizer] decide which requests may
// read and publish: by default every request may read, and none may publish.
//
// # On the wire
//
// The server writes each event whole, with its id as the last line. It also has a few things to
// say itself. It says them by the events that the contract has for that (contract.Control), and
// otherwise by what the standard offers:
//
//   - Where a stream begins: the id of the contract's first event, or else the header
//     Last-Event-ID of the answer. The first event also carries the reconnection time.
//   - A sign of life: the contract's heartbeat with the position, or else a comment line.
//   - A gap: the contract's event, or else 410 with the position behind the gap in the header
//     Last-Event-ID. Without an event for it, a stream that comes to a gap ends. See
//     [WithSilentGaps].
//   - The end of a stream whose client should come back: a heartbeat with a reconnection time, or
//     else a retry line.
//   - The end of a session: the contract's event or none, and 204 for a client that comes back.
//     If the contract names an event that ends a stream, the publication of that event ends its
//     session. If it names data that ends a stream (contract.End), each stream of an ended session
//     ends with that data.
//   - An error: application/problem+json (RFC 9457), or the body of [WithErrorBody].
//
// If the contract has no event for the beginning, a stream without a Last-Event-ID begins with
// the oldest retained event. The reason is a browser that loses its connection before the first
// event: it has no id to come back with. See [WithStreamsFromEnd].
//
// The contract of this repository has all these events. Package mix serves it.
//
// # Publishing over HTTP
//
// [Server.PublishHandler] and [Server.ServePublish] take events by POST, one event or a stream of
// them, from clients that [WithPublishAuthorizer] allows to publish. They check the events
// against the spec's schemas. A repetition under one Idempotency-Key publishes nothing twice.
// Package inspector has a page that shows a session.
//
// # Observing it
//
// [WithObserver] tells an application of each publication, stream and refusal. Package otelstream
// turns that into metrics and spans of OpenTelemetry. [WithLogger] logs.
package server
