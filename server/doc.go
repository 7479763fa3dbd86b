// Package server serves the event streams of sessions: an http.Handler to mount,
// and a typed Publish.
//
//	srv, err := server.New()
//	...
//	mux.Handle("/stream", srv)
//	...
//	id, err := srv.Publish(ctx, "session-1", &gen.ContentData{Type: "content", Content: "Hello"})
//
// A log behind the server is the source of truth (package eventlog), and a
// connection is only a view of it. Publish returns when the event is in the log;
// it never waits for a reader. A reader holds a position and not a queue: one
// that is slow costs nobody anything, and one that falls behind what the log
// retains is told so by a gap event.
//
// # On the wire
//
// The first event of every stream is connected, whose id is the position from
// which the stream goes on. While nothing happens, a heartbeat event repeats the
// position. An error event of type replay_gap says that events before its id may
// be missing. Each event is written whole, with its id as the last line.
//
// # Publishing over HTTP
//
// WithPublishAuthorizer lets others publish by POST, one event or a stream of them.
// What they send is checked against the spec's schemas, and a repetition under one
// Idempotency-Key publishes nothing twice. Package inspector has a page to look at a
// session.
//
// # Observing it
//
// WithObserver tells an application of each publication, stream and refusal; package
// otelstream turns that into metrics and spans of OpenTelemetry. WithLogger logs.
package server
