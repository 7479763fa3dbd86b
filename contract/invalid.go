package contract

import (
	"fmt"
	"strconv"
	"unicode/utf8"
)

// InvalidEventError says where the data of an event is wrong, and why: it cannot be
// decoded or encoded, or does not fit its schema.
type InvalidEventError struct {
	Event  string // the event's name
	Path   string // which part of the data, as a JSON Pointer (RFC 6901); empty for the whole
	Reason string // what is wrong with it
	Err    error  // the error of the JSON package; nil if only the schema is not met
}

// Error tells all but Err, and of what is long the beginning: names and paths may come from
// outside.
func (e *InvalidEventError) Error() string {
	path, ofPath := cut(e.Path, 200)
	reason, ofReason := cut(e.Reason, 1000)
	return quoted(e.Event) + ": data" + path + ofPath + ": " + reason + ofReason
}

// quoted returns s in quotes, or the beginning of a long one.
func quoted(s string) string {
	begin, rest := cut(s, 100)
	return strconv.Quote(begin) + rest
}

// cut returns s, or of more than n bytes the beginning, and how many there were.
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

// NotImplementedError is returned by the methods of a generated UnimplementedServer.
type NotImplementedError struct {
	Operation string // the operationId
}

// Error names the operation.
func (e *NotImplementedError) Error() string {
	return "operation " + e.Operation + " is not implemented"
}
