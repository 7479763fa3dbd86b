package contract

import (
	"encoding/json"
	"errors"
	"slices"
)

var (
	// ErrNilEvent reports that an event is nil or a nil pointer.
	ErrNilEvent = errors.New("the event is nil")
	// ErrUnknownEvent reports that the spec does not name an event, or that its Go type is not
	// the generated one.
	ErrUnknownEvent = errors.New("not an event of the spec")
)

// Events describes the events of one operation. Its functions are safe for concurrent use.
type Events[E any] struct {
	// Names are the names of the events, in the order of the spec. An event without a name,
	// which the standard calls "message", has the empty name.
	Names []string
	// NameIn is the member of the data that names the event. Empty: the SSE field "event"
	// names it.
	NameIn string
	// AnyName means that the spec leaves the names open: an event whose name is not in Names
	// is decoded as the event without a name.
	AnyName bool
	// Decode returns the event called name with its data. It returns ErrUnknownEvent if the
	// spec does not name the event. Any other error comes from unmarshal, in the form that
	// [Unmarshal] returns. unmarshal must not keep data.
	Decode func(name string, data []byte, unmarshal func(data []byte, v any) error) (E, error)
	// Encode returns the name and the JSON of an event. The error is ErrNilEvent,
	// ErrUnknownEvent, or an *InvalidEventError as [Marshal] returns it.
	Encode func(event E) (name string, data []byte, err error)
	// Check is [Operation.Check] for an event that the spec names. nil: nothing is checked.
	Check func(name string, data []byte) error
	// Unknown makes the UnknownEvent of the generated package. AsUnknown returns its content,
	// or nil for any other event.
	Unknown   func(Unknown) E
	AsUnknown func(event E) *Unknown
	// Text reports whether the data of the event called name is plain text on the wire. The
	// log, Decode and Encode hold that text as a JSON string. nil: no event is text.
	Text func(name string) bool
}

// Unknown is an event that the spec does not name, or whose data does not unmarshal into its
// Go type. Generated code defines UnknownEvent from it. That is a value and not an error: one
// case of a type switch matches it, and the stream goes on.
type Unknown struct {
	Name string          // the event's name
	Data json.RawMessage // the data as received; nil if it was too large to keep
	Err  error           // why decoding failed, mostly an *InvalidEventError; nil if the spec has no such name
}

// Has reports whether the spec has an event of this name. An empty name equals "message"
// (WHATWG HTML, section 9.2.6).
func (e *Events[E]) Has(name string) bool {
	return e.AnyName || slices.Contains(e.Names, name) ||
		name == "" && slices.Contains(e.Names, "message") || name == "message" && slices.Contains(e.Names, "")
}

// NameOf returns the name of an event: field, which is the value of the SSE field "event".
// With NameIn it returns the string in that member of the data, empty if the member is
// missing.
func (e *Events[E]) NameOf(field string, data []byte) string {
	if e.NameIn == "" {
		return field
	}
	return Member(data, e.NameIn)
}

// Member returns the string in a member of a JSON object; empty if there is none.
func Member(data []byte, name string) string {
	var members map[string]json.RawMessage
	var value string
	if json.Unmarshal(data, &members) != nil || json.Unmarshal(members[name], &value) != nil {
		return ""
	}
	return value
}

// DecodeFunc is [Operation.Decode] with another unmarshal function. The function must not keep
// data.
func (e *Events[E]) DecodeFunc(name string, data []byte, unmarshal func(data []byte, v any) error) E {
	event, err := e.Decode(name, data, unmarshal)
	switch {
	case err == nil:
		return event
	case err == ErrUnknownEvent: //nolint:errorlint // Decode returns it itself
		return e.Unknown(Unknown{Name: name, Data: data})
	}
	return e.Unknown(Unknown{Name: name, Data: data, Err: err})
}

func (e *Events[E]) check(name string, data []byte) error {
	switch {
	case !e.Has(name):
		return &InvalidEventError{Event: name, Reason: "the spec has no event of this name"}
	case e.Check == nil:
		return nil
	}
	return e.Check(name, data)
}
