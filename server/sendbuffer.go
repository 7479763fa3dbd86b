package server

import (
	"context"
	"net"
)

// SendBuffer returns a function for http.Server.ConnContext that sets the size, in
// bytes, of the kernel's send buffer of each accepted connection (SO_SNDBUF), also
// below TLS:
//
//	hs := &http.Server{Handler: srv, ConnContext: server.SendBuffer(64 << 10)}
//
// Left to itself, the kernel lets the buffer of a connection whose reader has
// stopped grow to megabytes (4 MiB on Linux: the last number of
// net.ipv4.tcp_wmem), which count as nobody's memory, until the write deadline
// ends the stream. Linux holds up to twice the size, overhead included. Less than
// a few dozen KiB costs throughput to readers that are far away: a connection
// carries at most the buffer's content in one round trip. 64 KiB is enough for
// events of agents: 640 KB/s over 100 ms.
//
// Zero or less leaves the kernel's size, and so does a connection that is none of
// TCP or a Unix socket's. The buffer holds for every request on the connection.
func SendBuffer(bytes int) func(ctx context.Context, c net.Conn) context.Context {
	return func(ctx context.Context, c net.Conn) context.Context {
		setSendBuffer(c, bytes)
		return ctx
	}
}

func setSendBuffer(c net.Conn, bytes int) {
	if bytes <= 0 {
		return // a negative size would be the largest to Linux
	}
	for {
		switch inner := c.(type) {
		case interface{ SetWriteBuffer(bytes int) error }:
			_ = inner.SetWriteBuffer(bytes) // fails only if the connection is gone
			return
		case interface{ NetConn() net.Conn }: // as *tls.Conn
			c = inner.NetConn()
		default:
			return
		}
	}
}
