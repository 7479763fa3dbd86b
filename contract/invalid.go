package contract

import (
	"fmt"
	"strconv"
	"unicode/utf8"
)

// InvalidEventError reports where the data of an event is wrong, and why. The data cannot be
// decoded, cannot be encoded, or does not fit its schema.
type InvalidEventError struct {
	Event  string // the event's name
	Path   string // the part of the data, as a JSON Pointer (RFC 6901); empty for the whole
	Reason string // what is wrong with it
	Err    error  // the error of the JSON package; nil if only the schema rejects the data
}

// Error returns the fields except Err as one line. It cuts long ones: names and paths may come
// from outside.
func (e *InvalidEventError) Error() string {
	path, ofPath := cut(e.Path, 200)
	reason, ofReason := cut(e.Reason, 1000)
	return quoted(e.Event) + ": data" + path + ofPath + ": " + reason + ofReason
}

// quoted returns s in quotes, cut if it is long.
func quoted(s string) string {
	begin, rest := cut(s, 100)
	return strconv.Quote(begin) + rest
}

// cut returns at most n bytes of s, and a note with the full length if it dropped any.
func cut(s string, n int) (begin, rest string) {
	if len(s) <= n {
		return s, ""
	}
	end := n
	for end > n-utf8.UTFMax && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end], fmt.Sprintf("… (%d bytes)", len(s))
}

// Unwrap returns Err.
func (e *InvalidEventError) Unwrap() error { return e.Err }

// NotImplementedError is the error of every method of a generated UnimplementedServer.
type NotImplementedError struct {
	Operation string // the operationId
}

// Error names the operation.
func (e *NotImplementedError) Error() string {
	return "operation " + e.Operation + " is not implemented"
}
