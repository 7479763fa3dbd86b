package stream

import (
	"maps"
	"strings"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/contract/eventjson"
	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server/internal/hidden"
)

// Vocabulary is what a server can say on its streams: the events that the contract has for it,
// and otherwise what the standard offers (WHATWG HTML, section 9.2). It also knows how a stream
// shows the events of the log.
type Vocabulary struct {
	Own              contract.Control       // the server's own events; zero: the contract has none
	Created, Deleted contract.ControlEvent  // the entries of a session's beginning and end
	Unnamed          bool                   // the field "event" of a block does not name its event
	Text             func(name string) bool // reports whether an event has text for data; nil: none has
	Sentinel         string                 // the data of a last block; empty: there is none
}

// NewVocabulary returns the vocabulary of a contract. A nil control has no events. nameIn is the
// member of the data that names an event; if it is empty, the field "event" of the block does.
func NewVocabulary(control *contract.Control, nameIn string) Vocabulary {
	v := Vocabulary{Unnamed: nameIn != ""}
	if control != nil {
		v.Own = *control
	}
	for _, e := range v.OwnEvents() {
		if v.Unnamed && e.Name != "" {
			e.Set = maps.Clone(e.Set)
			if e.Set == nil {
				e.Set = make(map[string]string)
			}
			e.Set[nameIn] = e.Name
		}
	}
	v.Created, v.Deleted = v.Own.Created, v.Own.Deleted
	if v.Created.Name == "" {
		v.Created = hidden.Created
	}
	if v.Deleted.Name == "" {
		v.Deleted = hidden.Deleted
	}
	return v
}

// OwnEvents returns all events that a contract may have for the server.
func (v *Vocabulary) OwnEvents() []*contract.ControlEvent {
	o := &v.Own
	return []*contract.ControlEvent{&o.Connected, &o.Heartbeat, &o.Gap, &o.Created, &o.Deleted}
}

// Reserves reports whether only the server may say an event.
func (v *Vocabulary) Reserves(name string, data []byte) bool {
	return v.Own.Reserves(name, data) || hidden.Reserves(name)
}

// TellsPosition reports whether the first event of a stream tells its position.
func (v *Vocabulary) TellsPosition() bool { return v.Own.Connected.Name != "" }

// TellsGaps reports whether the contract has an event for a gap.
func (v *Vocabulary) TellsGaps() bool { return v.Own.Gap.Name != "" }

// Shown returns the data of an event as a stream shows it: the text instead of a JSON string
// where the events of that name have text for data.
func (v *Vocabulary) Shown(name string, data []byte) []byte {
	if !v.IsText(name) {
		return data
	}
	d := eventjson.NewDecoder(data)
	text := d.String()
	if d.Finish() != nil {
		return data
	}
	return []byte(lineEnds.Replace(text))
}

// lineEnds replaces the line ends that a stream cannot carry.
var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// IsText reports whether the events of a name have text for data.
func (v *Vocabulary) IsText(name string) bool { return v.Text != nil && v.Text(name) }

// mayEnd reports whether an entry is one of those that end a session.
func (v *Vocabulary) mayEnd(e *eventlog.Entry) bool {
	return e.Name == v.Deleted.Name || e.Name == hidden.EndName
}

// isPlain reports whether a stream shows every event that is not hidden as the log has it.
func (v *Vocabulary) isPlain() bool { return !v.Unnamed && v.Text == nil }
