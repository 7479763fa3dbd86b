//go:build unix

package transport

import (
	"errors"
	"io"
	"sync"
	"syscall"
)

// attempt is one call of a socket that does not wait. It is pooled with the function that
// makes the call, so that a write allocates nothing.
type attempt struct {
	p     []byte
	n     int
	err   error
	write func(fd uintptr) (done bool) // a.tryWrite
}

var attempts = sync.Pool{New: func() any {
	a := new(attempt)
	a.write = a.tryWrite
	return a
}}

// tryWrite writes as much as the socket takes at once. It never waits for more room.
func (a *attempt) tryWrite(fd uintptr) (done bool) {
	for a.n < len(a.p) {
		n, err := syscall.Write(int(fd), a.p[a.n:])
		switch {
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EAGAIN):
			return true
		case err != nil:
			a.err = err
			return true
		default:
			a.n += n
		}
	}
	return true
}

// tryWrite writes as much of p as the socket takes at once.
func tryWrite(raw syscall.RawConn, p []byte) (n int, err error) {
	a := attempts.Get().(*attempt)
	defer func() {
		a.p, a.n, a.err = nil, 0, nil
		attempts.Put(a)
	}()
	a.p = p
	if err := raw.Write(a.write); err != nil {
		return a.n, err
	}
	return a.n, a.err
}

// dump takes what nobody reads.
var dump = sync.Pool{New: func() any { return new([64 << 10]byte) }}

// tryDiscard reads and drops up to limit bytes of what is there, in one call. Without an
// error there may be more; syscall.EAGAIN says that there is nothing now.
func tryDiscard(raw syscall.RawConn, limit int) (n int, err error) {
	p := dump.Get().(*[64 << 10]byte)
	defer dump.Put(p)
	failed := raw.Control(func(fd uintptr) {
		for {
			n, err = syscall.Read(int(fd), p[:min(limit, len(p))])
			if !errors.Is(err, syscall.EINTR) {
				break
			}
		}
	})
	switch {
	case failed != nil:
		return 0, failed
	case err != nil:
		return 0, err // n is -1 then
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}
