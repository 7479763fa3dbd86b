package client

import (
	"fmt"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/internal/excerpt"
)

// operation is a contract.Operation below its Go types.
type operation struct {
	method  string
	control contract.Control
	end     contract.End
	nameIn  string                 // the member of the data that has the event's name; empty: none
	text    func(name string) bool // reports whether the data is plain text; nil: it never is
}

func operationOf[P, E any](op contract.Operation[P, E]) operation {
	o := operation{method: op.Method, end: op.End, nameIn: op.Events.NameIn, text: op.Events.Text}
	if op.Control != nil {
		o.control = *op.Control
	}
	return o
}

// checkOperation returns an error for a descriptor that eventgen did not write.
func checkOperation[P, E any](op contract.Operation[P, E]) error {
	if e := op.Events; e == nil || e.Decode == nil || e.Encode == nil || e.Unknown == nil {
		return fmt.Errorf("client: operation %s describes no events: it needs Events with Decode, Encode and Unknown", excerpt.Quote(op.ID))
	}
	return nil
}

// tellsPosition reports whether the first event of each connection is connected, whose id
// is the position from which the stream goes on.
func (o *operation) tellsPosition() bool { return o.control.Connected.Name != "" }

// kind is what an event means to the client.
type kind uint8

const (
	other     kind = iota // an event that the client only delivers
	connected             // the first event of a connection; its id is a position
	heartbeat             // a sign of life; its id is a position
	replayGap             // the server tells a gap
	deleted               // a session was deleted
)

// kindOf returns the kind of an event. It looks at the JSON and not at the Go type: an event
// that cannot be decoded must not hide a gap. It parses the data only if the name alone does
// not tell the kind.
func (o *operation) kindOf(name string, data []byte) kind {
	c := &o.control
	switch name {
	case "":
		return other
	case c.Gap.Name, c.Connected.Name, c.Heartbeat.Name, c.Deleted.Name:
	default:
		return other
	}
	switch {
	case describes(&c.Gap, name, data):
		return replayGap
	case describes(&c.Connected, name, data):
		return connected
	case name == c.Heartbeat.Name:
		return heartbeat
	case name == c.Deleted.Name:
		return deleted
	}
	return other
}

// describes reports whether e describes an event.
func describes(e *contract.ControlEvent, name string, data []byte) bool {
	if name != e.Name || len(e.Set) == 0 {
		return name == e.Name
	}
	_, ok := e.Match(name, data)
	return ok
}
