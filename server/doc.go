// Package server serves the streams of one streaming operation of an OpenAPI document, and
// publishes to them: an http.Handler to mount, and a typed Publish. The operation is the
// variable that eventgen declares for it (package contract):
//
//	orders, err := server.New(api.OrderEvents)
//	...
//	mux.Handle("GET /orders/{orderId}/events", orders)
//	...
//	id, err := orders.Publish(ctx, "order-7", &api.OrderShipped{Carrier: "DHL"})
//
// A parameter of the operation names the session whose events are streamed, here orderId. An
// application that has its own router and handlers calls [Server.Serve] from one of them. A
// strict handler of oapi-codegen is embedded, and the method of the stream replaced.
//
// A log behind the server is the source of truth (package eventlog), and a
// connection is only a view of it. Publish returns when the event is in the log;
// it never waits for a reader. A reader holds a position and not a queue: one
// that is slow costs the others nothing, and one that falls behind what the log
// retains learns so. Servers of several operations may share a log ([WithLog]).
//
// # On the wire
//
// Each event is written whole, with its id as the last line. The server has a few things to
// say itself. It uses the events that the contract has for them (contract.Control), and what
// the standard offers where there is none:
//
//   - Where a stream begins: the id of the contract's first event, or else the header
//     Last-Event-ID of the answer. The reconnection time comes with the first event.
//   - A sign of life: the contract's heartbeat with the position, or else a comment line.
//   - A gap: the contract's event, or else 410 and the header Last-Event-ID with the position
//     behind the gap; a stream ends where one comes up. See [WithSilentGaps].
//   - The end of a stream whose client is to come back: a heartbeat with a reconnection time,
//     or else a retry line.
//   - The end of a session: the contract's event or none, and 204 to a client that comes back.
//     Where the contract names an event or data that ends a stream, the publication of that
//     event ends its session, and the data stands at the end of each stream.
//   - An error: application/problem+json (RFC 9457), or the body of [WithErrorBody].
//
// For a contract without an event for the beginning, a stream without a Last-Event-ID begins
// with the oldest event that is retained: a browser that is cut before its first event has no
// id to come back with. [WithFreshStart] says otherwise.
//
// The contract of this repository has all these events. Package mix serves it.
//
// # Publishing over HTTP
//
// [Server.Publisher] and [Server.ServePublish] let others publish by POST, one event or a
// stream of them, whom [WithPublishAuthorizer] allows it. What they send is checked against the
// spec's schemas, and a repetition under one Idempotency-Key publishes nothing twice. Package
// inspector has a page to look at a session.
//
// # Observing it
//
// WithObserver tells an application of each publication, stream and refusal; package
// otelstream turns that into metrics and spans of OpenTelemetry. WithLogger logs.
package server
