package contract

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mixstream/mixstream/contract/eventjson"
)

// Control names the events by which the server itself speaks, where the contract has them. A
// zero ControlEvent means that the contract has no event for that purpose. The server and the
// client then use the means of the SSE standard.
type Control struct {
	// Connected is the first event of every stream. Its id is the position at which the stream
	// continues.
	Connected ControlEvent
	// Heartbeat is sent on an idle stream. Its id is the position of the stream.
	Heartbeat ControlEvent
	// Gap reports that events before its id may be missing.
	Gap ControlEvent
	// Created and Deleted report that a session was created or deleted. Deleted is the last
	// event of its own session.
	Created, Deleted ControlEvent
}

// ControlEvent describes one event of the server: its name, and the meaning of the members of
// its data, which is a JSON object. An empty member name means that the data lacks this
// member.
type ControlEvent struct {
	Name string // empty: the contract has no such event

	Set     map[string]string // members with a constant string
	Session string            // the member with the session, a string
	Message string            // the member with a text for people, a string
	Title   string            // the member with the session's title, a string
	Time    string            // the member with the time, an integer: milliseconds since 1970
}

// ControlValues holds the values of the members of a ControlEvent.
type ControlValues struct {
	Session, Message, Title string
	Time                    time.Time
}

// Data returns the data of the event as JSON, on one line. Members are sorted by name.
func (c ControlEvent) Data(v ControlValues) []byte {
	members := make(map[string]any, len(c.Set)+4)
	for name, value := range c.Set {
		members[name] = value
	}
	for _, m := range []struct {
		name  string
		value any
	}{{c.Session, v.Session}, {c.Message, v.Message}, {c.Title, v.Title}, {c.Time, v.Time.UnixMilli()}} {
		if m.name != "" {
			members[m.name] = m.value
		}
	}
	var b bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if b.Len() == 0 {
			b.WriteByte('{')
		} else {
			b.WriteByte(',')
		}
		b.Write(mustMarshal(name))
		b.WriteByte(':')
		b.Write(mustMarshal(members[name]))
	}
	if b.Len() == 0 {
		return []byte("{}")
	}
	b.WriteByte('}')
	return b.Bytes()
}

// Match reports whether an event is this one: it has the name and all members of Set. It
// returns the values of the members that are present.
func (c ControlEvent) Match(name string, data []byte) (v ControlValues, ok bool) {
	if c.Name == "" || name != c.Name {
		return v, false
	}
	var members map[string]any
	if json.Unmarshal(data, &members) != nil {
		return v, len(c.Set) == 0
	}
	for member, value := range c.Set {
		if members[member] != any(value) {
			return v, false
		}
	}
	return c.values(members), true
}

// Names reports whether an event has the name of c, and returns the values of the members that
// are present. It ignores Set.
func (c ControlEvent) Names(name string, data []byte) (v ControlValues, ok bool) {
	if c.Name == "" || name != c.Name {
		return v, false
	}
	var members map[string]any
	_ = json.Unmarshal(data, &members) // only an object has members
	return c.values(members), true
}

func (c ControlEvent) values(members map[string]any) (v ControlValues) {
	v.Session, _ = members[c.Session].(string)
	v.Message, _ = members[c.Message].(string)
	v.Title, _ = members[c.Title].(string)
	if ms, ok := members[c.Time].(float64); ok {
		v.Time = time.UnixMilli(int64(ms))
	}
	return v
}

// Reserves reports whether only the server may publish this event, because it has the name of
// a control event. An event with the name of Gap is reserved only if it also has the members
// of Gap's Set.
func (c *Control) Reserves(name string, data []byte) bool {
	if c == nil || name == "" {
		return false
	}
	for _, e := range []*ControlEvent{&c.Connected, &c.Heartbeat, &c.Created, &c.Deleted} {
		if e.Name == name {
			return true
		}
	}
	if name != c.Gap.Name {
		return false
	}
	for member, value := range c.Gap.Set {
		if !hasMember(data, member, value) {
			return false
		}
	}
	return true
}

// hasMember reports whether a JSON object has a member with this string. Its name may be in
// another case: encoding/json matches struct fields in any case, and so do readers that use it.
func hasMember(data []byte, name, value string) (has bool) {
	d := eventjson.NewDecoder(data)
	for ok := d.Object(); ok; ok = d.NextMember() {
		if strings.EqualFold(string(d.Name()), name) && d.Peek() == '"' {
			has = d.Const(value) == value || has
			continue
		}
		d.Skip()
	}
	return has && d.Finish() == nil
}

// mustMarshal marshals a string or a number, which cannot fail.
func mustMarshal(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return data
}
