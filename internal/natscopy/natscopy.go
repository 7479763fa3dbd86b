// Package natscopy gives access to a log on NATS as one to copy from or to. Only the command needs
// that, so eventlog/natslog does not export it; it registers its implementation here.
package natscopy

import (
	"errors"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/logcopy"
)

// Access returns a log as one to copy from, and as one to copy to; nil if it is not on NATS.
type Access func(log eventlog.Log) (logcopy.Source, logcopy.Target)

var registered Access = func(eventlog.Log) (logcopy.Source, logcopy.Target) { return nil, nil }

var errOther = errors.New("natscopy: the log must come from natslog.Open")

// Register sets the implementation. It is for the initialization of eventlog/natslog.
func Register(a Access) { registered = a }

// Source returns a log that natslog.Open has opened as one to copy from. Nothing may write to it
// meanwhile. The log stays the caller's.
func Source(log eventlog.Log) (logcopy.Source, error) {
	s, _ := registered(log)
	if s == nil {
		return nil, errOther
	}
	return s, nil
}

// Target returns a log that natslog.Open has opened as one to copy to. It must be empty, but for
// what a copy has left that was interrupted. The log stays the caller's.
func Target(log eventlog.Log) (logcopy.Target, error) {
	_, t := registered(log)
	if t == nil {
		return nil, errOther
	}
	return t, nil
}
