// Package endtoend has the tests of client and server together, over real sockets and
// through the faults of production: cuts, restarts, kills, drains, a NATS cluster that
// loses servers, and clients of other languages.
package endtoend
