//go:build unix

package server

import (
	"errors"
	"io"
	"sync"
	"syscall"
)

// tryWrite writes as much as the socket takes at once.
func tryWrite(raw syscall.RawConn, p []byte) (n int, err error) {
	failed := raw.Write(func(fd uintptr) bool {
		for n < len(p) && err == nil {
			var m int
			if m, err = syscall.Write(int(fd), p[n:]); err == nil {
				n += m
			} else if errors.Is(err, syscall.EINTR) {
				err = nil
			}
		}
		return true
	})
	if errors.Is(err, syscall.EAGAIN) {
		err = nil
	}
	if err == nil {
		err = failed
	}
	return n, err
}

// dump is where what nobody reads goes.
var dump = sync.Pool{New: func() any { return new([64 << 10]byte) }}

// tryDiscard reads up to limit bytes, as far as they are there, and drops them. Without an
// error there may be more; syscall.EAGAIN says that there is nothing now.
func tryDiscard(raw syscall.RawConn, limit int) (n int, err error) {
	p := dump.Get().(*[64 << 10]byte)
	defer dump.Put(p)
	failed := raw.Control(func(fd uintptr) {
		for n < limit && err == nil {
			var m int
			switch m, err = syscall.Read(int(fd), p[:min(limit-n, len(p))]); {
			case errors.Is(err, syscall.EINTR):
				err = nil
			case err == nil && m == 0:
				err = io.EOF
			case err == nil:
				n += m
			}
		}
	})
	if err == nil {
		err = failed
	}
	return n, err
}
