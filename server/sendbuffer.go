package server

import (
	"context"
	"net"

	"github.com/mixstream/mixstream/server/internal/transport"
)

// SendBuffer returns a function for http.Server.ConnContext. It sets the size, in bytes, of the
// kernel's send buffer of each accepted connection (SO_SNDBUF), also below TLS:
//
//	hs := &http.Server{Handler: srv, ConnContext: server.SendBuffer(64 << 10)}
//
// By default the kernel lets the buffer of a connection whose reader has stopped grow to
// megabytes: on Linux to 4 MiB, the last number of net.ipv4.tcp_wmem. They do not count as
// memory of the process, and stay until the write deadline ends the stream. Linux holds up to
// twice the size, overhead included.
//
// Less than a few dozen KiB slows readers that are far away: a connection carries at most the
// content of the buffer in one round trip. 64 KiB is enough for the events of agents: 640 KB/s
// over 100 ms.
//
// Zero or less leaves the size to the kernel. In [Limits.SendBuffer], zero means 64 KiB instead.
// The kernel also chooses the size of a connection that is neither TCP nor a Unix socket. The size
// holds for every request on the connection. For detached streams alone, use [Limits.SendBuffer].
func SendBuffer(bytes int) func(ctx context.Context, c net.Conn) context.Context {
	return func(ctx context.Context, c net.Conn) context.Context {
		transport.SetSendBuffer(c, bytes)
		return ctx
	}
}
