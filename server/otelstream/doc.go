// Package otelstream reports what a server does to OpenTelemetry: metrics, a span for each
// publication, and a span for each stream.
//
//	observer, err := otelstream.New()
//	...
//	srv, err := server.New(api.OrderEvents, server.WithObserver(observer))
//
// It uses only the API of OpenTelemetry: the SDK of the application decides where the data goes.
// docs/observability.md lists each metric and attribute. Names follow the semantic conventions,
// version 1.43.0. Those for messaging are still in development, so attributes that begin with
// "messaging." may change.
//
// Each metric and span has the operation as an attribute, so that one [Observer] serves all
// servers of a process. No metric has the session as an attribute: each session would make a
// series of its own.
package otelstream
