package contract

import (
	"context"
	"encoding/json"
	"net/http"
)

// Operation describes one streaming operation. P is the type of its parameters, E the
// interface of its events. Generated code declares one variable of it for each operation.
// It is a value: copies are cheap, and a program can change one, such as its Namespace,
// without an effect on others. They share what a pointer or a slice leads to: replace it, and
// do not change it. A zero field means that the spec says nothing.
type Operation[P, E any] struct {
	ID     string // the operationId
	Method string // the HTTP method, in capitals
	Path   string // the path template of the spec, such as /orders/{orderId}/events

	// Namespace keeps the sessions of this operation apart from those of other
	// operations on the same log, whatever the names of the sessions; by default the
	// operationId. Empty: the sessions have their plain names in the log. A log that has
	// events knows them by the namespace under which they were published.
	Namespace string

	// Session is the parameter that names the session whose events are streamed. With
	// the zero Param, all readers share one stream.
	Session Param

	// SessionUndecided says that the operation has several required parameters, or one
	// that is no string and no integer, and that the spec does not say which names the
	// session. Session is then the zero Param, and the readers must not share one stream
	// unless the application says so.
	SessionUndecided bool

	// Position is a query parameter that carries the last event id, for browsers, which
	// cannot set the header on a first request; the zero Param: only the header
	// Last-Event-ID does.
	Position Param

	// End says what ends a stream, beside the status 204. The client and the server keep
	// to it; with the zero End, neither takes anything for an end.
	End End

	// Resume says how a stream goes on after a cut; nil: by the request that began it,
	// with Last-Event-ID.
	Resume *Resume

	Requests *Requests[P] // nil: the code was generated without a client
	Events   *Events[E]
	Control  *Control // nil: the contract has no events for what the server itself says
}

// Requests makes the requests of an operation.
type Requests[P any] struct {
	// New returns a request to the server at baseURL. The runtime sets the headers of
	// a stream, Last-Event-ID among them.
	New func(ctx context.Context, baseURL string, params P) (*http.Request, error)
	// Session returns the session that the parameters name, in its canonical form; nil
	// if the operation has no session parameter.
	Session func(params P) string
}

// SessionOf returns the session that the parameters of a request name, or an empty
// string where all readers share one stream.
func (o Operation[P, E]) SessionOf(params P) string {
	if o.Requests == nil || o.Requests.Session == nil {
		return ""
	}
	return o.Requests.Session(params)
}

// Names returns the names of the events, in the order of the spec. The caller owns the
// slice.
func (o Operation[P, E]) Names() []string { return append([]string(nil), o.Events.Names...) }

// Decode decodes the data of the event called name. It never fails: an event that the spec
// does not name, and data that does not unmarshal into its Go type, come back as the
// UnknownEvent of the generated package. The Data of an UnknownEvent aliases data; its Err
// says where the data is wrong.
func (o Operation[P, E]) Decode(name string, data []byte) E {
	return o.Events.DecodeFunc(name, data, json.Unmarshal)
}

// Encode returns the name and the JSON of an event. It does not check the event against its
// schema. The error is ErrNilEvent, ErrUnknownEvent or an *InvalidEventError.
func (o Operation[P, E]) Encode(event E) (name string, data []byte, err error) {
	return o.Events.Encode(event)
}

// Check reports where the JSON of the event called name does not fit its schema. It checks
// what JSON Schema 2020-12 does, so it knows one spelling of a member's name, and tells a
// missing member from a zero. The error is an *InvalidEventError.
//
// Data that fits need not fit its Go type: 1.0 is an integer, but encoding/json does not
// unmarshal it into one.
func (o Operation[P, E]) Check(name string, data []byte) error {
	return o.Events.check(name, data)
}

// CheckEvent reports where an event, as JSON, does not fit its schema: a Go value can miss
// an enum, a pattern or a limit. The error is that of Encode or of Check.
func (o Operation[P, E]) CheckEvent(event E) error {
	name, data, err := o.Encode(event)
	if err != nil {
		return err
	}
	return o.Check(name, data)
}
