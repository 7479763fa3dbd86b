package transport

import "net"

// SetSendBuffer sets the size, in bytes, of the kernel's send buffer of a connection, even
// below TLS. Zero or less leaves it, and so does a connection that has none.
func SetSendBuffer(c net.Conn, bytes int) {
	if bytes <= 0 {
		return // Linux takes a negative size for the largest
	}
	for {
		switch inner := c.(type) {
		case interface{ SetWriteBuffer(bytes int) error }:
			_ = inner.SetWriteBuffer(bytes) // fails only if the connection is gone
			return
		case interface{ NetConn() net.Conn }: // such as *tls.Conn
			c = inner.NetConn()
		default:
			return
		}
	}
}
