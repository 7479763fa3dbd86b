package main

import (
	"context"
	"errors"

	"github.com/mixstream/mixstream/client"
)

// Exit statuses.
const (
	exitSuccess     = 0
	exitFailure     = 1
	exitUsage       = 2
	exitGap         = 3
	exitInterrupted = 130 // as a shell says of a program that SIGINT has ended
)

// exitHelp is what the root's help says about them.
const exitHelp = `Exit status:

  0    success, and for serve an orderly shutdown
  1    failure
  2    wrong usage or configuration
  3    events are lost to a gap (tail)
  130  interrupted (all but serve)`

var (
	// errReported is an error that was printed already.
	errReported = errors.New("already reported")

	errInterrupted = errors.New("interrupted")
)

// usageError is an error of the arguments or of the configuration: the same command
// would fail in the same way again.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// asUsage makes an error one of the configuration.
func asUsage(err error) error {
	if err == nil {
		return nil
	}
	return usageError{err}
}

// exitStatus returns the status for an error that a command has ended with.
func exitStatus(err error) int {
	var usage usageError
	var gap *client.GapError
	switch {
	case err == nil:
		return exitSuccess
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &gap):
		return exitGap
	case errors.Is(err, errInterrupted), errors.Is(err, context.Canceled):
		return exitInterrupted
	}
	return exitFailure
}
