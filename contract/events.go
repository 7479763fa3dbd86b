package contract

import (
	"encoding/json"
	"errors"
	"slices"

	"github.com/mixstream/mixstream/contract/eventjson"
	"github.com/mixstream/mixstream/contract/jsonschema"
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
	// spec does not name the event. Any other error is an *InvalidEventError. unmarshal
	// replaces the generated decoder, as [Unmarshal] calls it, and must not keep data; nil: the
	// generated decoder.
	Decode func(name string, data []byte, unmarshal func(data []byte, v any) error) (E, error)
	// Encode appends the JSON of an event to b. It returns the event's name and b with the
	// JSON: not other memory, since the caller reuses b. The error is ErrNilEvent, ErrUnknownEvent or an *InvalidEventError, as [Encoded]
	// returns it.
	Encode func(b []byte, event E) (name string, data []byte, err error)
	// Rules returns what the data of the event called name must be; nil if the spec does not
	// name the event. If the function itself is nil, nothing is checked.
	Rules func(name string) *jsonschema.Rules
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
func Member(data []byte, name string) (value string) {
	d := eventjson.NewDecoder(data)
	for ok := d.Object(); ok; ok = d.NextMember() {
		switch {
		case string(d.Name()) != name:
			d.Skip()
		case d.Peek() == '"':
			value = d.String()
		default:
			value = ""
			d.Skip()
		}
	}
	if d.Finish() != nil {
		return ""
	}
	return value
}

// DecodeFunc is [Operation.Decode] with an unmarshal function in place of the generated
// decoder, which a nil function stands for. The function must not keep data.
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

// rules returns the rules of an event, or nil if nothing of it is checked. The error is an
// *InvalidEventError.
func (e *Events[E]) rules(name string) (*jsonschema.Rules, error) {
	switch {
	case !e.Has(name):
		return nil, &InvalidEventError{Event: name, Reason: "the spec has no event of this name"}
	case e.Rules == nil:
		return nil, nil //nolint:nilnil // no rules is a result
	}
	return e.Rules(name), nil
}
