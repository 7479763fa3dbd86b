package contract_test

import (
	"testing"
	"time"

	"github.com/mixstream/mixstream/contract"
)

func TestControlEventData(t *testing.T) {
	at := time.UnixMilli(1763942400123)
	values := contract.ControlValues{Session: "a\"<b>\n", Message: "m", Title: "t", Time: at}
	for _, test := range []struct {
		event contract.ControlEvent
		want  string
	}{
		{contract.ControlEvent{}, `{}`},
		{contract.ControlEvent{Set: map[string]string{"b": "2", "a": "1"}}, `{"a":"1","b":"2"}`},
		{contract.ControlEvent{Session: "s"}, `{"s":"a\"\u003cb\u003e\n"}`},
		{contract.ControlEvent{Set: map[string]string{"type": "x"}, Session: "session", Message: "error", Title: "title", Time: "at"},
			`{"at":1763942400123,"error":"m","session":"a\"\u003cb\u003e\n","title":"t","type":"x"}`},
	} {
		if got := string(test.event.Data(values)); got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
		test.event.Name = "e"
		v, ok := test.event.Match("e", test.event.Data(values))
		if !ok || test.event.Session != "" && v.Session != values.Session || test.event.Time != "" && !v.Time.Equal(at) {
			t.Errorf("%s: match %+v, %t", test.want, v, ok)
		}
	}
}

func TestControlEventMatch(t *testing.T) {
	gap := contract.ControlEvent{Name: "error", Set: map[string]string{"type": "gap"}, Session: "s", Message: "m", Time: "at"}
	for _, test := range []struct {
		name, data   string
		match, names bool
	}{
		{"error", `{"type":"gap"}`, true, true},
		{"error", `{"type":"gap","s":7,"m":null,"at":"now"}`, true, true}, // members of another type are ignored
		{"error", `{"type":"other"}`, false, true},
		{"error", `{"type":7}`, false, true},
		{"error", `{"type":["gap"]}`, false, true},
		{"error", `{}`, false, true},
		{"error", `[]`, false, true},
		{"error", `{`, false, true},
		{"other", `{"type":"gap"}`, false, false},
		{"", `{"type":"gap"}`, false, false},
	} {
		if v, ok := gap.Match(test.name, []byte(test.data)); ok != test.match || v != (contract.ControlValues{}) {
			t.Errorf("%s %s: match %t, %+v", test.name, test.data, ok, v)
		}
		if v, ok := gap.Names(test.name, []byte(test.data)); ok != test.names || v != (contract.ControlValues{}) {
			t.Errorf("%s %s: names %t, %+v", test.name, test.data, ok, v)
		}
	}
	if _, ok := (contract.ControlEvent{}).Match("", []byte(`{}`)); ok {
		t.Error("the event that a contract does not have is matched")
	}
	if _, ok := (contract.ControlEvent{Name: "x"}).Match("x", []byte(`text`)); !ok {
		t.Error("an event that has nothing set is not matched by its name")
	}
}

func TestControlReserves(t *testing.T) {
	c := &contract.Control{
		Connected: contract.ControlEvent{Name: "hello"},
		Gap:       contract.ControlEvent{Name: "error", Set: map[string]string{"type": "gap"}},
	}
	for _, test := range []struct {
		name, data string
		want       bool
	}{
		{"hello", `{}`, true},
		{"hello", `text`, true},
		{"error", `{"type":"gap"}`, true},
		{"error", `{"TYPE":"gap"}`, true}, // encoding/json accepts it
		{"error", `{"type":"other","Type":"gap"}`, true},
		{"error", `{"type":"other"}`, false},
		{"error", `{}`, false},
		{"error", `7`, false},
		{"other", `{"type":"gap"}`, false},
		{"", `{}`, false}, // the name of each missing event
	} {
		if got := c.Reserves(test.name, []byte(test.data)); got != test.want {
			t.Errorf("%s %s: reserved %t", test.name, test.data, got)
		}
	}
	if (*contract.Control)(nil).Reserves("hello", []byte(`{}`)) {
		t.Error("a contract without control events reserves one")
	}
	all := &contract.Control{Gap: contract.ControlEvent{Name: "missed"}}
	if !all.Reserves("missed", []byte(`{"x":1}`)) {
		t.Error("a gap event with nothing set is not reserved by its name")
	}
}
