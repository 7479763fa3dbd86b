package server

import (
	"errors"
	"io"
	"net"
	"syscall"
	"time"
)

// parting is what is left of a detached stream that has ended: its connection, until the
// client has closed its side. The kernel resets a connection that is closed while the
// client has sent something that was not read, and drops what is still on its way to the
// client. So the server closes its side first, and reads what comes, to drop it.
type parting struct {
	until instant // when the connection is closed in any case
	left  int     // how many bytes are read at most
}

const (
	// maxParting is how much of what a client sends is read after the end of its stream.
	maxParting = 16 << 20
	// maxPartingTurn is how much of it is read before another stream has its turn.
	maxPartingTurn = 256 << 10
)

// part ends the connection of a stream that has ended: after the last chunk, if the body is
// whole. The stream stays open until the connection is closed, so that Shutdown waits.
func (d *detached) part(whole bool) {
	whole = whole && !d.broken && d.send([]byte(lastChunk)) == nil // a client that does not take it comes back
	d.life.end()
	if tcp, ok := d.conn.(*net.TCPConn); ok && d.broken {
		_ = tcp.SetLinger(0) // a reset: a reader that goes on must know, and not wait for more
	}
	half, ok := d.conn.(interface{ CloseWrite() error })
	switch {
	case d.broken, !ok && !whole:
		d.hangUp()
		return
	case ok:
		_ = half.CloseWrite() // fails only if the connection is gone
	}
	if ok && d.server.leaving.await(d) {
		d.parting = &parting{d.server.now().add(d.server.cfg.writeTimeout), maxParting}
		if d.server.streams.draining.Load() {
			d.hurry()
		}
		d.dismiss()
		return
	}
	if d.setReadDeadline(time.Now().Add(lingering)) {
		_, _ = io.CopyN(io.Discard, d.conn, maxParting)
	}
	d.hangUp()
}

// hurry shortens the parting: Shutdown waits for it.
func (d *detached) hurry() {
	d.parting.until = min(d.parting.until, d.server.now().add(lingering))
}

// dismiss takes a turn of a parting: it drops what the client has sent, and closes the
// connection if nothing more is to come, or the parting has lasted long enough.
func (d *detached) dismiss() {
	s, p := d.server, d.parting
	if d.calls.Swap(0)&callDrain != 0 {
		d.hurry()
	}
	n, err := tryDiscard(d.raw, min(p.left, maxPartingTurn))
	p.left -= n
	switch {
	case err != nil && !errors.Is(err, syscall.EAGAIN), // the client has closed its side, or is gone
		p.left == 0, d.isAborted(), p.until.passed(s.now().add(s.wheel.part)):
		d.hangUp()
	case err == nil:
		s.workers.hand(d)
	case !s.leaving.await(d):
		d.hangUp()
	default:
		s.wheel.set(d, p.until)
		s.workers.release(d)
	}
}

// hangUp closes the connection. The stream takes no turn after it.
func (d *detached) hangUp() {
	d.server.wheel.remove(d)
	d.server.leaving.forget(d)
	d.conn.Close()
	d.server.streams.remove(d.live)
}

// setReadDeadline sets a read deadline, unless the stream was aborted, and reports whether
// it did.
func (d *detached) setReadDeadline(t time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.aborted && d.conn.SetReadDeadline(t) == nil
}
