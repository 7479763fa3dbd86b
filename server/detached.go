package server

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"runtime/debug"
	"sync/atomic"
	"syscall"

	"github.com/mixstream/mixstream/internal/excerpt"
)

// detached is what a stream needs to be served by the workers.
type detached struct {
	*live
	life life // of the stream, which is its context
	conn net.Conn
	raw  syscall.RawConn // of conn, to write to without waiting; nil: that cannot be

	fd int32 // of the socket, while its client is watched

	state    atomic.Int32
	next     *detached // in the queue of the workers
	spoke    spoke     // its place in the wheel
	blocking bool      // its turns are taken by a goroutine of its own, which may wait
	owed     *debt     // what the socket did not take
	broken   bool      // a write has failed
	parting  *parting  // nil until the stream has ended
}

// debt is the rest of a write.
type debt struct {
	rest   []byte
	size   int    // of the whole payload
	before counts // of the stream before it
}

// errBehind is returned by a turn that must wait. A goroutine goes on with it.
var errBehind = errors.New("server: the stream must wait")

// maxTurns is how many turns a worker gives a stream before the next has its own.
const maxTurns = 16

// serve takes the turns of a stream for a worker, as many as it can without waiting.
func (d *detached) serve() {
	if d.parting != nil {
		d.dismiss()
		return
	}
	for range maxTurns {
		wrote, ended, err := d.guarded(d.turn)
		switch {
		case errors.Is(err, errBehind):
			d.server.workers.run(d.catchUp)
			return
		case ended || err != nil:
			d.end(err)
			return
		case !wrote:
			d.server.workers.release(d)
			return
		}
	}
	d.server.workers.hand(d)
}

// catchUp goes on where a turn had to wait, and gives the stream back when there is
// nothing more to do.
func (d *detached) catchUp() {
	d.blocking = true
	_, ended, err := d.guarded(d.pay)
	for wrote := true; wrote && !ended && err == nil; {
		wrote, ended, err = d.guarded(d.turn)
	}
	if ended || err != nil {
		d.end(err)
		return
	}
	d.blocking = false
	d.server.workers.release(d)
}

// panicked is what a turn returns in which a function of the application panicked.
type panicked struct{ error }

// guarded takes a turn, and keeps a panic from ending the process, as net/http does.
func (d *detached) guarded(turn func() (wrote, ended bool, err error)) (wrote, ended bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			d.logPanic(p)
			err = panicked{fmt.Errorf("server: panic: %v", p)}
		}
	}()
	return turn()
}

// logPanic logs a panic. It may have been the logger's, who may panic again.
func (d *detached) logPanic(p any) {
	defer func() { _ = recover() }()
	d.server.cfg.logger.ErrorContext(d.ctx, "panic serving a stream", "session", d.sessionID, "remote", d.remote, "panic", p, "stack", excerpt.Whole(debug.Stack()))
}

// end ends the stream. The functions of the application that learn of it may take
// their time, so they have a goroutine.
func (d *detached) end(err error) {
	d.server.wheel.remove(d)
	reason := EndPanic
	if !errors.As(err, new(panicked)) {
		reason = d.endReason(err)
	}
	d.server.workers.run(func() {
		defer func() {
			if p := recover(); p != nil {
				d.logPanic(p)
			}
		}()
		d.blocking = true
		d.finish(reason, err)
	})
}

// write writes the buffer as one chunk. What the socket does not take is owed.
func (d *detached) write(buf *buffer, before counts) error {
	size, chunk := len(buf.payload()), buf.chunk()
	if d.blocking {
		if err := d.send(chunk); err != nil {
			return err
		}
		d.wrote(size, before)
		return nil
	}
	if d.isAborted() {
		return errAborted
	}
	d.sent = d.server.now()
	n := 0
	if d.raw != nil {
		var err error
		if n, err = tryWrite(d.raw, chunk); err != nil {
			d.broken = true
			return err
		}
	}
	if n < len(chunk) {
		d.owed = &debt{bytes.Clone(chunk[n:]), size, before}
		return errBehind
	}
	d.wrote(size, before)
	return nil
}

// pay writes what is owed, which may be the last of the stream.
func (d *detached) pay() (wrote, ended bool, err error) {
	if owed := d.owed; owed != nil {
		d.owed = nil
		if err := d.send(owed.rest); err != nil {
			d.counts = owed.before
			return false, true, err
		}
		d.wrote(owed.size, owed.before)
	}
	if d.leaving || d.atEnd() {
		return true, true, d.unread
	}
	d.reschedule()
	return true, false, nil
}

// send waits until all is written, or the deadline of the write has passed.
func (d *detached) send(p []byte) error {
	if err := d.arm(); err != nil {
		return err
	}
	defer d.disarm()
	_, err := d.conn.Write(p)
	d.broken = err != nil
	return err
}

// lastChunk ends a body (RFC 9112, section 7.1).
const lastChunk = "0\r\n\r\n"
