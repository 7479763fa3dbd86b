package server

// WithDetachedStreams takes streams of HTTP/1.1 without TLS out of net/http once they have begun.
// The handler returns, and an idle stream is a socket and a position in the log, without a
// goroutine or a buffer: 2 KB of memory instead of 27. One of a few workers writes when there is
// something to write. A reader that does not take it at once has a goroutine until it has caught
// up. All other promises of the server hold, and its options work as for attached streams, with
// the differences below.
//
// By default streams stay attached, because a middleware sees the handler of a detached stream
// return early: a limit or a log of requests takes the stream for over. A stream always stays
// attached over HTTP/2 or TLS, and if its request has a body. It also stays attached if its
// ResponseWriter is not net/http's own: the middleware that has wrapped the writer must see what
// goes through it. If the listener has wrapped the connection, a goroutine does each write.
//
// A detached stream outlives its handler, and so the context of the request. It has a context of
// its own, which ends with the stream or when the client leaves. The logger and the log get it,
// and after a gap the function of [WithSessions]. It has no values, unless [Observer.StreamOpened]
// has derived a context: then it has those, and the end of the derived context does not end the
// stream. [Timing.Reauthorization] keeps the request, with the values of its context. But the
// authorizer must not read what a router has put there: some, chi among them, give it to the next
// request.
//
// http.Server.Shutdown and Close do not know detached streams: [Server.Shutdown] ends them. How
// soon the server notices that a client is gone depends on the system:
//
//   - On Linux it notices at once that a client has left. It notices one that is gone without a
//     word by the first heartbeat after twice the write timeout. The kernel also gives up a
//     reader that has not read for twice the write timeout. It does so even if all that the
//     server owes the reader fits into the send buffer. That stream ends with [EndClientLeft],
//     and its client resumes when it comes back.
//   - Elsewhere, or if the connection is wrapped, it notices at its second heartbeat that a
//     client has left. It notices one that is gone without a word when the connection takes no
//     more bytes. A client that closes only its own half of the connection has not left there.
//
// At the end of a detached stream the server closes its own half of the connection. Then it reads
// and drops what the client sends. Otherwise the kernel would reset the connection while the last
// events are on their way. The server closes the connection when the client has closed its
// half, after 16 MiB, or after the write timeout. Server.Shutdown waits one second for that. If
// the connection is wrapped, and on other systems than Linux, a goroutine does so for one
// second.
//
// [Limits.SendBuffer] sets the size of the kernel's send buffer of a detached connection.
func WithDetachedStreams() Option { return func(c *config) { c.detach = true } }
