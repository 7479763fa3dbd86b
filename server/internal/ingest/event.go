package ingest

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/mixstream/mixstream/contract/eventjson"
	"github.com/mixstream/mixstream/contract/jsonschema"
	"github.com/mixstream/mixstream/internal/excerpt"
)

// Event is an event as a client publishes it. The name is empty where the spec has an event
// without one. The data is a part of the body.
type Event struct {
	Name string
	Data []byte
	Fits bool // Accepts has accepted the data
}

// errNotEvent is the error of text that is not an event.
var errNotEvent = errors.New("not an event")

// decode returns the event that stands alone in text. previous is the name of the event before it:
// if this one has the same name, decode allocates nothing for it.
func decode(text []byte, previous string, to Appender) (Event, error) {
	var e Event
	named := false
	d := eventjson.NewDecoder(text)
	for ok := d.Object(); ok; ok = d.NextMember() {
		switch name := d.Name(); {
		case string(name) == "event" && !named:
			e.Name, named = d.Const(previous), true
		case string(name) == "data" && e.Data == nil:
			d.Peek()
			begin := d.Offset()
			if e.Fits = named && to.Accepts(e.Name, &d); !e.Fits {
				d.Skip()
			}
			e.Data = d.From(begin)
		case string(name) == "event", string(name) == "data":
			return e, fmt.Errorf("%w: %q comes twice", errNotEvent, name)
		default:
			return e, fmt.Errorf("%w: unknown field %s", errNotEvent, excerpt.Quote(string(name)))
		}
	}
	switch {
	case d.Failed():
		return e, notEvent(d.Finish())
	case e.Data == nil:
		return e, fmt.Errorf(`%w: "data" is required`, errNotEvent)
	}
	if strings.ContainsRune(e.Name, utf8.RuneError) { // the name may not be what the client has sent
		if err := anything.CheckType(text); err != nil {
			return e, notEvent(err)
		}
	}
	if e.Name == "" {
		name, ok := to.NameOf(e.Data)
		if !ok {
			return e, fmt.Errorf(`%w: "event" is required`, errNotEvent)
		}
		// Accepts knew the event by the empty name, whose rules may be others.
		e.Name, e.Fits = name, e.Fits && name == ""
	}
	if d.Finish() != nil {
		return e, fmt.Errorf("%w: something follows it", errNotEvent)
	}
	return e, nil
}

// anything refuses text that is not JSON in UTF-8.
var anything jsonschema.Rules

// notEvent returns the error of text whose envelope, the object around the data, is wrong.
func notEvent(err error) error {
	wrong, ok := errors.AsType[*eventjson.Error](err)
	switch {
	case !ok:
		return fmt.Errorf("%w: %w", errNotEvent, err)
	case wrong.Path != "":
		return fmt.Errorf("%w: %q %s", errNotEvent, strings.TrimPrefix(wrong.Path, "/"), excerpt.Text(wrong.Reason))
	case strings.HasPrefix(wrong.Reason, "unexpected end"):
		return fmt.Errorf("%w: it ends too early", errNotEvent)
	}
	return fmt.Errorf("%w: %s", errNotEvent, excerpt.Text(wrong.Reason))
}
