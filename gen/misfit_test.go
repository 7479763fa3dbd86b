package gen_test

import (
	"math"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/gen"
)

// TestUndecodable has an event that the spec names come with wrong data: the error names
// the event and the field by its path, and says what is wrong.
func TestUndecodable(t *testing.T) {
	for _, test := range []struct{ name, data, want string }{
		{"content", `{"content":5}`, `"content": data/content: must be of type string, not number`},
		{"content", `[]`, `"content": data: must be of type object, not array`},
		{"content", `{"content":"a"`, `"content": data: unexpected end of JSON input`},
		{"error", `{"attempt":1.5}`, `"error": data/attempt: must be of type integer (int), not number 1.5`},
		{"error", `{"retryAfter":9223372036854775808}`, `"error": data/retryAfter: must be of type integer (int64), not number 9223372036854775808`},
		{"notification", `{"choices":["a",{}]}`, `"notification": data/choices/1: must be of type string, not object`},
		{"notification", `{"choices":{}}`, `"notification": data/choices: must be of type array, not object`},
		{"permission", `{"params":[]}`, `"permission": data/params: must be of type object, not array`},
		{"complete", `{"done":"yes"}`, `"complete": data/done: must be of type boolean, not string`},
	} {
		unknown, ok := gen.StreamEvents.Decode(test.name, []byte(test.data)).(*gen.UnknownEvent)
		if !ok || unknown.Err == nil || unknown.Err.Error() != test.want {
			t.Errorf("%s %s: got %+v, want %s", test.name, test.data, unknown, test.want)
		}
	}
	unknown := gen.StreamEvents.Decode("error", []byte(`{"attempt":`+strings.Repeat("1", 1<<20)+`}`)).(*gen.UnknownEvent)
	if len(unknown.Err.Error()) > 300 {
		t.Errorf("%d bytes of an error", len(unknown.Err.Error()))
	}
}

// TestUnencodable has Go values that JSON has not.
func TestUnencodable(t *testing.T) {
	event := &gen.PermissionData{Params: map[string]any{"a/b": []any{1, map[string]any{"n": math.Inf(1)}}}}
	const want = `"permission": data/params/a~1b/1/n: unsupported value: +Inf`
	if _, _, err := gen.StreamEvents.Encode(event); err == nil || err.Error() != want {
		t.Errorf("encode: %v", err)
	}
	event.ToolName = "Bash"
	if err := gen.StreamEvents.CheckEvent(event); err == nil || err.Error() != want {
		t.Errorf("validate: %v", err)
	}
}
