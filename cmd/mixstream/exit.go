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
	exitInterrupted = 130 // the status of a shell for a program that SIGINT ended
)

// exitHelp describes them in the help of the root command.
const exitHelp = `Exit status:

  0    success, and for serve an orderly shutdown
  1    failure
  2    wrong usage or configuration
  3    events are lost to a gap (tail)
  130  interrupted (except serve)`

var (
	// errReported replaces an error that was already printed.
	errReported = errors.New("already reported")

	errInterrupted = errors.New("interrupted")
)

// usageError is an error in the arguments or the configuration: the same command would fail
// again.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// asUsage marks an error as one of the configuration.
func asUsage(err error) error {
	if err == nil {
		return nil
	}
	return usageError{err}
}

// shortError is an error with another text.
type shortError struct {
	error
	text string
}

func (e shortError) Error() string { return e.text }
func (e shortError) Unwrap() error { return e.error }

// exitStatus returns the exit status for the error of a command.
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
