//go:build !unix

package server

import "syscall"

// tryWrite leaves all to a goroutine.
func tryWrite(syscall.RawConn, []byte) (n int, err error) { return 0, nil }

// tryDiscard is not called where nothing tells that there is something to read.
func tryDiscard(syscall.RawConn, int) (n int, err error) { return 0, syscall.EINVAL }
