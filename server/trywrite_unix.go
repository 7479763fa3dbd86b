//go:build unix

package server

import (
	"errors"
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
