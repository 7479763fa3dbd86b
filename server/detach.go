package server

import (
	"context"
	"net"
	"reflect"
	"syscall"
	"time"
)

// WithDetachedStreams has streams of HTTP/1.1 without TLS leave net/http once they
// have begun: the handler returns, and an idle stream is a socket and a position in
// the log, without a goroutine and without a buffer. It then takes 2 KB of memory
// instead of 27. When there is something to write, one of a few workers does it; a
// reader that does not take it at once has a goroutine until it has caught up. All
// that the server promises holds as before, and its options work as before, but for what
// is said here.
//
// By default streams stay attached, since a middleware sees the handler of a detached
// one return early: what limits or logs requests takes the stream for over. Streams of
// HTTP/2 and over TLS stay attached in any case, and so do those of a request with a
// body, and those whose ResponseWriter is not that of net/http itself: whoever has
// wrapped it is to see what is written. A connection that the listener has wrapped is
// written to by a goroutine, for each write.
//
// A detached stream outlives its handler, and so the request's context. The logger, the
// log and, after a gap, the function of [WithSessions] are given one that ends with the
// stream, or when its client leaves. It has values only if [Observer.StreamOpened] has derived
// another context: then those of that one, whose end does not end the stream. [WithReauthorization] keeps the request with its context's
// values. Some routers, chi among them, take back what they have put there, and give it to
// the next request: what an authorizer is to see must not be theirs.
//
// http.Server.Shutdown and Close do not know detached streams: Server.Shutdown ends
// them. On Linux a client that leaves is noticed at once, and one that is silently gone
// by the first heartbeat after twice the write timeout; elsewhere, or if its connection is
// a wrapped one, the first is noticed at its second heartbeat, and the other when its
// connection takes no more; there a client that closes no more than its own half of the
// connection has not left. On Linux the kernel also gives up a reader that has stopped
// reading for twice the write timeout, even if all that it is owed fits into the send
// buffer: its stream ends with [EndClientLeft], and it resumes when it comes back.
//
// When a detached stream ends, the server closes its own side of the connection, and reads
// and drops what the client sends, so that the kernel does not reset the connection while the
// last events are on their way. It closes the connection when the client has closed its side,
// after 16 MiB, or after the write timeout; Server.Shutdown waits one second for it. Where
// the connection is a wrapped one, and on other systems than Linux, a goroutine does so for
// one second.
//
// The kernel's send buffer of a detached connection is set to sendBuffer bytes (see
// [SendBuffer]): zero is 64 KiB, and negative leaves it as it is.
func WithDetachedStreams(sendBuffer int) Option {
	return func(c *config) {
		if c.detach, c.sendBuffer = true, sendBuffer; sendBuffer == 0 {
			c.sendBuffer = 64 << 10
		}
	}
}

// detachable tells whether the stream is to be detached if its connection can be had.
func (l *live) detachable() bool {
	if r := l.request; !l.server.cfg.detach || r.ProtoMajor != 1 || r.ProtoMinor != 1 || r.TLS != nil || r.ContentLength != 0 {
		return false // a body that nobody has read makes the kernel reset a connection that is closed
	}
	w := l.out.ResponseWriter
	if own, ok := w.(*answer); ok {
		w = own.ResponseWriter
	}
	// What wraps it may have all its methods, and need not say what it wraps.
	return reflect.TypeOf(w).String() == "*http.response"
}

// detach takes the connection from net/http, and tells whether it could. If so, the
// stream is not the caller's any more.
func (l *live) detach() bool {
	if !l.detachable() {
		return false
	}
	conn, _, err := l.controller().Hijack()
	if err != nil {
		return false
	}
	l.disarm()
	setSendBuffer(conn, l.server.cfg.sendBuffer)
	// The kernel gives a connection up without a reset: the deadline of a write comes first.
	setUserTimeout(conn, 2*l.server.cfg.writeTimeout)
	d := &detached{live: l, conn: conn}
	switch conn.(type) {
	case *net.TCPConn, *net.UnixConn: // and nothing that embeds one to see what is written
		d.raw, _ = conn.(syscall.Conn).SyscallConn() // without it, each write has a goroutine
	}
	d.state.Store(turning)
	l.release(d)
	l.detached.Store(d)
	if l.isAborted() {
		d.life.end()
	}
	l.clear = true
	l.reschedule()
	if d.raw != nil {
		l.server.leaving.watch(d)
	}
	l.server.workers.hand(d)
	return true
}

// release drops what of the request an idle stream does not need.
func (l *live) release(d *detached) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ctx == context.Context(l.asked) {
		l.ctx = &d.life
	} else { // with what the observer has put there
		l.ctx = d.life.with(l.ctx)
	}
	if r := l.request; l.server.cfg.reauthorization > 0 {
		l.request = r.WithContext(d.life.with(r.Context()))
	} else {
		l.request = nil
	}
	l.asked, l.out = nil, noOutput
}

// setUserTimeout bounds how long written data may stay unacknowledged, where the
// system can do that.
func setUserTimeout(c net.Conn, d time.Duration) {
	if tcp, ok := c.(*net.TCPConn); ok {
		if raw, err := tcp.SyscallConn(); err == nil {
			_ = raw.Control(func(fd uintptr) { userTimeout(fd, d) }) // fails only if the connection is gone
		}
	}
}
