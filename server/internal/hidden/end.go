package hidden

import (
	"bytes"
	"encoding/json"

	"github.com/mixstream/mixstream/eventlog"
)

// End is an event that ended its session (contract.End.Events). The log keeps it as the entry of
// the session's deletion, so that the event and the end are one step. A log gives such an entry
// to the whole scope, but only the streams of the session itself may show the event.
type End struct {
	Session string          `json:"sessionId"`
	Event   string          `json:"event"`
	Key     *Key            `json:"key,omitempty"`
	Data    json.RawMessage `json:"-"` // the member data, byte for byte as it was published
}

// Key is the deduplication key under which the event was published, and what the key stood for
// before. A log honours no key of a session that was deleted, so the entry has to.
type Key struct {
	Name   string          `json:"name"`
	Count  int             `json:"count,omitempty"`
	First  uint64          `json:"first,omitempty"`
	Digest eventlog.Digest `json:"digest"`
}

// EndName is the name of the entry of an End.
const EndName = Prefix + "session_ended"

// dataMember begins the last member of an entry.
const dataMember = `,"data":`

// Entry returns the entry of the event.
func (e *End) Entry() eventlog.Entry {
	head, err := json.Marshal(e)
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	head = append(head[:len(head)-1], dataMember...)
	head = append(head, e.Data...)
	return eventlog.Entry{Name: EndName, Data: append(head, '}')}
}

// EndOf returns the event of an entry; false if the entry is no End.
func EndOf(e *eventlog.Entry) (*End, bool) {
	if e.Name != EndName {
		return nil, false
	}
	// No string contains dataMember: its quotes would be escaped. encoding/json does not see the
	// data, which may be large, or deeper than that package goes.
	head, data, ok := bytes.Cut(e.Data, []byte(dataMember))
	data, whole := bytes.CutSuffix(data, []byte("}"))
	end := End{Data: data}
	if !ok || !whole || json.Unmarshal(append(bytes.Clone(head), '}'), &end) != nil {
		return nil, false
	}
	return &end, true
}

// Appended returns what the key of the event stands for with it; id is the id of its entry.
func (e *End) Appended(id uint64) eventlog.Appended {
	before := eventlog.Appended{Count: e.Key.Count, First: e.Key.First, Digest: e.Key.Digest}
	a := before.Add(eventlog.Entry{ID: id, Name: e.Event, Data: e.Data})
	a.Closed = true
	return a
}
