package hidden_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server/internal/hidden"
)

// An End comes back from its entry, byte for byte.
func TestEnd(t *testing.T) {
	for _, end := range []hidden.End{
		{Session: "s", Event: "complete", Data: json.RawMessage(`{}`)},
		{Session: `,"data":`, Event: `a"}`, Data: json.RawMessage(` {"data": 1, "a":[{}] } `)},
		{Session: "s", Event: "complete", Data: json.RawMessage(`{"a":1,"data":{"b":2,"data":3}}`)},
		{Session: "s", Event: "complete", Data: json.RawMessage(strings.Repeat("[", 9_999) + strings.Repeat("]", 9_999))}, // encoding/json takes 10,000
		{Session: "s", Event: "complete", Data: json.RawMessage(`"}"`), Key: &hidden.Key{Name: "k", Count: 2, First: 7, Digest: eventlog.Digest{1}}},
	} {
		e := end.Entry()
		if !hidden.Is(&e) {
			t.Errorf("%s is not hidden", e.Name)
		}
		if got, ok := hidden.EndOf(&e); !ok || !reflect.DeepEqual(*got, end) {
			t.Errorf("%s: got %+v, %t, want %+v", e.Data, got, ok, end)
		}
	}
}

// What is no End is not taken for one.
func TestNoEnd(t *testing.T) {
	for _, e := range []eventlog.Entry{
		{Name: "content", Data: []byte(`{"sessionId":"s","event":"e","data":{}}`)},
		{Name: hidden.Deleted.Name, Data: []byte(`{"sessionId":"s","event":"e","data":{}}`)},
		{Name: hidden.EndName},
		{Name: hidden.EndName, Data: []byte(`{"sessionId":"s","event":"e"}`)},
		{Name: hidden.EndName, Data: []byte(`{"sessionId":"s","event":"e","data":{}`[:36])},
		{Name: hidden.EndName, Data: []byte(`{"sessionId":1,"data":{}}`)},
	} {
		if got, ok := hidden.EndOf(&e); ok {
			t.Errorf("%s %s: got %+v", e.Name, e.Data, got)
		}
	}
}

// The key of an End stands for what it stood for before, and the event.
func TestAppended(t *testing.T) {
	before := eventlog.Appended{}.Add(eventlog.Entry{ID: 5, Name: "content", Data: []byte("{}")})
	last := eventlog.Entry{ID: 9, Name: "complete", Data: []byte(`{"a":1}`)}
	end := hidden.End{Session: "s", Event: last.Name, Data: last.Data, Key: &hidden.Key{Name: "k", Count: before.Count, First: before.First, Digest: before.Digest}}
	want := before.Add(last)
	want.Closed = true
	if got := end.Appended(last.ID); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
