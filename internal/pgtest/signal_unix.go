//go:build unix

package pgtest

import "syscall"

// quit makes a server and its children end at once, without a checkpoint.
const quit = syscall.SIGQUIT
