//go:build unix

package server

import "syscall"

// tryWrite writes as much as the socket takes at once.
func tryWrite(raw syscall.RawConn, p []byte) (n int, err error) {
	failed := raw.Write(func(fd uintptr) bool {
		for n < len(p) && err == nil {
			var m int
			switch m, err = syscall.Write(int(fd), p[n:]); err { //nolint:gosec // a file descriptor
			case nil:
				n += m
			case syscall.EINTR:
				err = nil
			}
		}
		return true
	})
	if err == syscall.EAGAIN { //nolint:errorlint // it is of the system, unwrapped
		err = nil
	}
	if err == nil {
		err = failed
	}
	return n, err
}
