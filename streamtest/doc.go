// Package streamtest injects faults into event streams, to test their consumers.
//
// A [Server] plays a [Script] on each connection. A script sends bytes or blocks, right or
// wrong, and cuts, stalls or floods the stream. The server keeps the requests, so a test can
// see how often its consumer came back, and from which position. [NewProxy] stands between a
// consumer and a real server.
//
// The package uses only the standard library. It assumes only that the consumer speaks
// HTTP/1.1.
package streamtest
