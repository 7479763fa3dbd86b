package frameworks_test

import (
	"testing"

	"github.com/mixstream/mixstream/internal/frameworks/stdapi"
)

// The encoder writes a constant that the Go value leaves empty, and not over another one.
func TestJSONConstant(t *testing.T) {
	for want, event := range map[string]stdapi.CreateAnswerEvent{
		`{"number":7,"type":"answer.text"}`: &stdapi.AnswerText{Number: 7},
		`{"number":7,"type":"other"}`:       &stdapi.AnswerText{Number: 7, Type: "other"},
	} {
		name, data, err := stdapi.CreateAnswer.Encode(event)
		if err != nil || name != "answer.text" || string(data) != want {
			t.Errorf("%q %s, error %v, want %s", name, data, err, want)
		}
	}
}

// A required list that is nil is a null, which the schema refuses.
func TestJSONNilList(t *testing.T) {
	event := &stdapi.OrderPlaced{ID: "7"}
	_, data, err := stdapi.OrderEvents.Encode(event)
	if err != nil || string(data) != `{"id":"7","lines":null}` {
		t.Errorf("%s, error %v", data, err)
	}
	const want = `"order_placed": data/lines: must be of type array, not null`
	if err := stdapi.OrderEvents.CheckEvent(event); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}
