package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/mixstream/mixstream/internal/excerpt"
)

// bodyTimeout bounds the time in which the body of a single event comes.
const bodyTimeout = 30 * time.Second

// publishedEvent is an event as it is published over HTTP. It has no name where the spec has
// an event without one, and where the data names it.
type publishedEvent struct {
	Event string          `json:"event"`
	Data  json.RawMessage `json:"data"`
}

// readEvent reads the body of a single event.
func (s *engine) readEvent(w http.ResponseWriter, r *http.Request) (event publishedEvent, err error) {
	controller := http.NewResponseController(w)
	_ = controller.SetReadDeadline(time.Time{}) // the http.Server's, in place of which is the limit below
	defer func() { _ = controller.SetReadDeadline(time.Time{}) }()
	if s.streams.draining.Load() { // that may have set its own deadline before
		return event, fmt.Errorf("%w: %w", errBody, errDraining)
	}
	limit := bodyTimeout
	if s.cfg.publishIdle > 0 {
		limit = min(limit, s.cfg.publishIdle)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, newProgressBody(w, r.Body, limit, false), int64(s.maxLine())))
	if err != nil {
		return event, fmt.Errorf("%w: %w", errBody, err)
	}
	return s.decodePublished(body)
}

// maxLine is how long an event may be with all that stands around its data.
func (s *engine) maxLine() int { return 2*s.cfg.maxEventSize + 4<<10 }

// decodePublished decodes an event that stands alone in text.
func (s *engine) decodePublished(text []byte) (publishedEvent, error) {
	var event publishedEvent
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	err := dec.Decode(&event)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return event, fmt.Errorf("%w: it ends too early", errNotJSON)
	case err != nil:
		return event, fmt.Errorf("%w: %s", errNotJSON, excerpt.Text(whyNoEvent(err)))
	case event.Data == nil:
		return event, fmt.Errorf(`%w: "data" is required`, errNotJSON)
	case event.Event == "" && s.op.nameIn != "":
		event.Event = s.op.nameOf("", event.Data)
	case event.Event == "" && !s.op.has(""):
		return event, fmt.Errorf(`%w: "event" is required`, errNotJSON)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return event, fmt.Errorf("%w: something follows it", errNotJSON)
	}
	return event, nil
}

// whyNoEvent says what encoding/json has refused of what stands around the data.
func whyNoEvent(err error) string {
	var misfit *json.UnmarshalTypeError
	switch {
	case !errors.As(err, &misfit):
		return strings.TrimPrefix(err.Error(), "json: ")
	case misfit.Field == "":
		return "must be an object, and is " + misfit.Value
	}
	return fmt.Sprintf("%q must be a string, and is %s", misfit.Field, misfit.Value)
}
