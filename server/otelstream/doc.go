// Package otelstream reports what a server does by OpenTelemetry: metrics, and
// spans for each publication and for the life of each stream.
//
//	observer, err := otelstream.New()
//	...
//	srv, err := server.New(api.OrderEvents, server.WithObserver(observer))
//
// It uses the API of OpenTelemetry only; where the data goes is for the
// application's SDK. docs/observability.md lists each metric and attribute. Names
// follow the semantic conventions, version 1.43.0; those for messaging are still
// in development there, so attributes that begin with "messaging." may change.
//
// Each metric and span has the operation as an attribute, so that one Observer serves all
// servers of a process. No metric has the session as one: it would be a series for each.
package otelstream
