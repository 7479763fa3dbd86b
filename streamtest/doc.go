// Package streamtest injects faults into event streams, for tests of whatever
// consumes them.
//
// A [Server] plays a [Script] on each connection: it sends what it is told, bytes
// or blocks, right or wrong, and breaks off, stalls or floods where it is told.
// It keeps what it was asked, so that a test can tell how often and from where
// its consumer came back. [NewProxy] stands between a consumer and a real server.
//
// Only the standard library is used, and nothing of the consumer is assumed but
// that it speaks HTTP/1.1.
package streamtest
