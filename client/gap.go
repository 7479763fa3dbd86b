package client

import (
	"cmp"
	"encoding/json"

	"github.com/mixstream/mixstream/gen"
)

// ReplayGap is the type of the error event by which the server tells a gap.
const ReplayGap = "replay_gap"

// noPosition is the id of connected where the requested one can be no position
// of the server's log. A gap event follows, and tells the position. A server that
// counts the events of each connection from 1 uses it too, and tells nothing.
const noPosition = "1"

const connectedName = string(gen.EventNameConnected)

// gap returns the gap that an event of this connection tells or shows, or nil.
func (s *Stream) gap(event *Event) *GapError {
	asked := s.source.requested
	first := s.connection != s.source.connections // of its connection
	untold := s.untold
	s.untold = ""
	switch event.Name { // and not its type: what cannot be decoded must not hide a gap
	case string(gen.EventNameError):
		if message, ok := told(event.Data); ok {
			return &GapError{Requested: s.requested(), ResumeFrom: event.ID, Message: message}
		}
	case connectedName:
		switch {
		case !first || asked == "" || asked == "0":
		case event.ID == noPosition && (asked != noPosition || untold != ""):
			s.untold = cmp.Or(untold, asked)
			return nil
		case event.ID != asked:
			return elsewhere(cmp.Or(untold, asked), event.ID)
		}
	}
	if untold != "" {
		return elsewhere(untold, noPosition)
	}
	if first && s.connection > 0 && asked == "" {
		return &GapError{ResumeFrom: event.ID, Message: "the events before a reconnection had no id to resume after"}
	}
	return nil
}

// told returns the server's description of the gap that an error event tells.
func told(event gen.Event) (message string, ok bool) {
	switch data := event.(type) {
	case *gen.ErrorData:
		return data.Error, data.Type != nil && *data.Type == ReplayGap
	case *gen.UnknownEvent: // for a decoding function that is stricter than the spec
		var gap struct {
			Type  string
			Error any
		}
		err := json.Unmarshal(data.Data, &gap)
		message, _ = gap.Error.(string)
		return message, err == nil && gap.Type == ReplayGap
	}
	return "", false
}

// elsewhere is the gap of a server that goes on after another id than it was asked
// to, and does not say why.
func elsewhere(requested, resumeFrom string) *GapError {
	return &GapError{Requested: requested, ResumeFrom: resumeFrom, Message: "the server goes on elsewhere, since Last-Event-ID was ignored or did not reach it"}
}

// requested returns the id after which the stream was to go on when the server
// told a gap. Right after connected that is what this connection asked for, since
// connected repeats a malformed id as another one.
func (s *Stream) requested() string {
	if s.afterConnected {
		return s.source.requested
	}
	return s.lastID
}
