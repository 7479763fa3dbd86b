//go:build !unix

package transport

import "syscall"

// tryWrite leaves all to a write that waits.
func tryWrite(syscall.RawConn, []byte) (n int, err error) { return 0, nil }

// tryDiscard is not called where nothing reports that there is something to read.
func tryDiscard(syscall.RawConn, int) (n int, err error) { return 0, syscall.EINVAL }
