package ingest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/mixstream/mixstream/internal/excerpt"
)

// Event is an event as a client publishes it. The name is empty where the spec has an event
// without one.
type Event struct {
	Name string          `json:"event"`
	Data json.RawMessage `json:"data"`
}

// errNotEvent is the error of text that is not an event.
var errNotEvent = errors.New("not an event")

// decode returns the event that stands alone in text.
func decode(text []byte, to Appender) (Event, error) {
	var e Event
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	err := dec.Decode(&e)
	switch {
	case isEOF(err), errors.Is(err, io.ErrUnexpectedEOF):
		return e, fmt.Errorf("%w: it ends too early", errNotEvent)
	case err != nil:
		return e, fmt.Errorf("%w: %s", errNotEvent, excerpt.Text(whyNotEvent(err)))
	case e.Data == nil:
		return e, fmt.Errorf(`%w: "data" is required`, errNotEvent)
	}
	if e.Name == "" {
		var ok bool
		if e.Name, ok = to.NameOf(e.Data); !ok {
			return e, fmt.Errorf(`%w: "event" is required`, errNotEvent)
		}
	}
	if _, err := dec.Token(); !isEOF(err) {
		return e, fmt.Errorf("%w: something follows it", errNotEvent)
	}
	return e, nil
}

// whyNotEvent says what encoding/json refuses of the text around the data.
func whyNotEvent(err error) string {
	misfit, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok {
		return strings.TrimPrefix(err.Error(), "json: ")
	}
	if misfit.Field == "" {
		return "must be an object, and is " + misfit.Value
	}
	return fmt.Sprintf("%q must be a string, and is %s", misfit.Field, misfit.Value)
}
