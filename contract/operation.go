package contract

import (
	"context"
	"net/http"
)

// Operation describes one streaming operation. P is the type of its parameters, E the
// interface of its events. Generated code declares one variable of this type for each
// operation. A zero field means that the spec does not define the property.
//
// Operation is a value: a program can copy it and change a field, such as Namespace, without
// an effect on the original. Copies share the targets of pointers and slices: replace these,
// do not modify them.
type Operation[P, E any] struct {
	ID     string // the operationId
	Method string // the HTTP method, in capitals
	Path   string // the path template of the spec, such as /orders/{orderId}/events

	// Namespace keeps the sessions of this operation apart from those of other operations on
	// the same log, even if the sessions have the same names. By default it is the
	// operationId. Empty: sessions have their plain names in the log. Changing it on a log
	// that has events hides them: they stay under the namespace that they were published in.
	Namespace string

	// Session is the parameter that names the session to stream. With the zero Param, all
	// readers share one stream.
	Session Param

	// SessionUndecided means that the spec does not tell which parameter names the session:
	// the operation has several required ones, or one that is neither a string nor an integer.
	// Session is then the zero Param. The readers must not share one stream unless the
	// application asks for it.
	SessionUndecided bool

	// Position is a query parameter that carries the last event id, because a browser cannot
	// set the header on its first request. With the zero Param, only the header Last-Event-ID
	// carries it.
	Position Param

	// End describes what ends a stream besides the status 204. Client and server obey it. With
	// the zero End, no event and no data ends a stream.
	End End

	// Resume describes how a stream continues after a disconnect. nil: the client repeats the
	// first request with Last-Event-ID.
	Resume *Resume

	Requests *Requests[P] // nil: the code was generated without a client
	Events   *Events[E]
	Control  *Control // nil: the contract has no events of the server itself
}

// Requests makes the requests of an operation.
type Requests[P any] struct {
	// New returns a request to the server at baseURL. The runtime sets the headers of a
	// stream, including Last-Event-ID.
	New func(ctx context.Context, baseURL string, params P) (*http.Request, error)
	// Session returns the session that the parameters name, in its canonical form. nil: the
	// operation has no session parameter.
	Session func(params P) string
}

// SessionOf returns the session that the parameters of a request name. It is empty if all
// readers share one stream.
func (o Operation[P, E]) SessionOf(params P) string {
	if o.Requests == nil || o.Requests.Session == nil {
		return ""
	}
	return o.Requests.Session(params)
}

// Names returns the names of the events, in the order of the spec. The caller owns the
// slice.
func (o Operation[P, E]) Names() []string { return append([]string(nil), o.Events.Names...) }

// Decode decodes the data of the event called name. It never fails: it returns the
// UnknownEvent of the generated package for a name that the spec lacks, and for data that
// cannot be decoded into the Go type of the event. The Data of an UnknownEvent aliases data;
// its Err tells where the data is wrong.
func (o Operation[P, E]) Decode(name string, data []byte) E {
	return o.Events.DecodeFunc(name, data, nil)
}

// Encode returns the name and the JSON of an event. It does not check the event against its
// schema. The error is ErrNilEvent, ErrUnknownEvent or an *InvalidEventError.
func (o Operation[P, E]) Encode(event E) (name string, data []byte, err error) {
	return o.Events.encode(event)
}

// Check reports where the JSON of the event called name does not fit its schema or cannot be
// decoded. The schema has the meaning of JSON Schema 2020-12: the names of members match to
// the letter, and a missing member is not a zero value. Check also refuses text that is not
// valid UTF-8, lone surrogates, and a member that comes twice. The error is an
// *InvalidEventError.
func (o Operation[P, E]) Check(name string, data []byte) error {
	rules, err := o.Events.rules(name)
	if rules == nil {
		return err
	}
	return Invalid(name, rules.Check(data))
}

// CheckType is Check without the schema: it reports where the JSON of the event called name
// cannot be decoded.
func (o Operation[P, E]) CheckType(name string, data []byte) error {
	rules, err := o.Events.rules(name)
	if rules == nil {
		return err
	}
	return Invalid(name, rules.CheckType(data))
}

// CheckEvent reports where an event, as JSON, does not fit its schema. A Go value can violate
// an enum, a pattern or a limit. The error is that of Encode or of Check.
func (o Operation[P, E]) CheckEvent(event E) error {
	name, data, err := o.Encode(event)
	if err != nil {
		return err
	}
	return o.Check(name, data)
}
