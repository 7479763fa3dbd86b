package contract

import (
	"errors"

	"github.com/mixstream/mixstream/contract/eventjson"
	"github.com/mixstream/mixstream/internal/excerpt"
)

// InvalidEventError reports where the data of an event is wrong, and why. The data cannot be
// decoded, cannot be encoded, or does not fit its schema.
type InvalidEventError struct {
	Event  string // the event's name
	Path   string // the part of the data, as a JSON Pointer (RFC 6901); empty for the whole
	Reason string // what is wrong with it
	Err    error  // the error of a JSON package or of a type's own method; nil if there is none
}

// Error returns the fields except Err as one line. It cuts long ones: names and paths may come
// from outside.
func (e *InvalidEventError) Error() string {
	return excerpt.Quote(e.Event) + ": " + (&eventjson.Error{Path: e.Path, Reason: e.Reason}).Error()
}

// Unwrap returns Err.
func (e *InvalidEventError) Unwrap() error { return e.Err }

// Invalid returns err, which package eventjson or jsonschema returned for the event called
// name, as an *InvalidEventError; nil if err is nil.
func Invalid(name string, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*eventjson.Error](err); ok {
		return &InvalidEventError{Event: name, Path: e.Path, Reason: e.Reason, Err: e.Err}
	}
	return &InvalidEventError{Event: name, Reason: err.Error(), Err: err}
}
