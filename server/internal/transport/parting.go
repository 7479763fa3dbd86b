package transport

import (
	"errors"
	"io"
	"net"
	"syscall"
	"time"

	"github.com/mixstream/mixstream/server/internal/clock"
)

const (
	// maxParting is how much of what a client sends is read after the end of its stream.
	maxParting = 16 << 20
	// lingering is how long a parting lasts that Shutdown waits for, or a goroutine.
	lingering = time.Second
	// lastChunk ends a body (RFC 9112, section 7.1).
	lastChunk = "0\r\n\r\n"
)

// Close implements Out: it sends the last chunk if the body ends in order, and closes the server's
// side of the connection. The rest is [Socket.Part], and [Socket.HangUp] in any case.
func (s *Socket) Close(inOrder bool) {
	if inOrder && s.owed == nil && !s.broken {
		s.ended = s.send([]byte(lastChunk)) == nil // a client that does not take it comes back
	}
	if s.broken {
		if tcp, ok := s.conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // a reset: a reader that goes on must know, and not wait for more
		}
		return
	}
	if half, ok := s.conn.(halfCloser); ok {
		_ = half.CloseWrite() // fails only if the connection is gone
	}
}

type halfCloser interface{ CloseWrite() error }

// HangUp closes the connection. The caller must call sched.Pool.Forget before: the next
// connection may have the same file descriptor.
func (s *Socket) HangUp() { s.conn.Close() }

// Parting is what is left of a stream that has ended: its connection, until the client has
// closed its side. The kernel resets a connection that is closed while the client has sent
// something that was not read, and drops what is on its way to the client. So the server
// closes its side first, and reads and drops what comes.
type Parting struct {
	socket *Socket
	until  clock.Instant // when it ends in any case
	left   int           // how many bytes it reads at most
}

// Part begins the parting of a socket that was closed. It reports false if there is nothing
// to wait for. In either case the caller must call HangUp at the end.
func (s *Socket) Part(now clock.Instant) (p Parting, ok bool) {
	if _, half := s.conn.(halfCloser); s.broken || !half && !s.ended {
		return Parting{}, false
	}
	return Parting{s, now.Add(s.config.WriteTimeout), maxParting}, true
}

// Hurry shortens the parting to a second: Shutdown waits for it.
func (p *Parting) Hurry(now clock.Instant) { p.until = min(p.until, now.Add(lingering)) }

// Until returns when the parting ends in any case.
func (p *Parting) Until() clock.Instant { return p.until }

// Left is what a parting has left to do.
type Left uint8

// What is left of a parting.
const (
	Nothing Left = iota // the caller hangs up
	Reading             // there may be more to read at once
	Waiting             // until the client sends something or closes its side, or Until
)

// Read drops what the client has sent, up to 64 KiB, without waiting. The connection must
// have a Raw.
func (p *Parting) Read(now clock.Instant) Left {
	n, err := tryDiscard(p.socket.raw, p.left)
	p.left -= n
	switch {
	case err != nil && !errors.Is(err, syscall.EAGAIN), // the client has closed its side, or is gone
		p.left == 0, p.socket.isAborted(), p.until.Passed(now):
		return Nothing
	case err == nil:
		return Reading
	}
	return Waiting
}

// Linger drops what the client sends until it has closed its side, for a second at most. It
// blocks. It is for a connection that nothing watches.
func (p *Parting) Linger() {
	s := p.socket
	s.mu.Lock()
	wait := !s.aborted && s.conn.SetReadDeadline(time.Now().Add(lingering)) == nil
	s.mu.Unlock()
	if wait {
		_, _ = io.CopyN(io.Discard, s.conn, maxParting)
	}
}
