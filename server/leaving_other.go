//go:build !linux

package server

// leaving notices nothing here: a client that has left is found out by a write.
type leaving struct{}

func (*leaving) watch(*detached)      {}
func (*leaving) await(*detached) bool { return false }
func (*leaving) forget(*detached)     {}
