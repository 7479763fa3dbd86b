//go:build !linux

package sched

import "syscall"

// watch notices nothing here: only a write finds out that a client has left.
type watch struct{}

// Watch does nothing on this system.
func (*Pool) Watch(*Task, syscall.RawConn) {}

// Await reports false on this system.
func (*Pool) Await(*Task, syscall.RawConn) bool { return false }

// Forget does nothing on this system.
func (*Pool) Forget(*Task) {}
