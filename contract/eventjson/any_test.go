package eventjson_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/mixstream/mixstream/contract/eventjson"
)

func TestAny(t *testing.T) {
	for _, test := range []struct {
		text string
		want any
	}{
		{`null`, nil},
		{`true`, true},
		{`false`, false},
		{`"a\n"`, "a\n"},
		{`1234567890123456789`, json.Number("1234567890123456789")},
		{`-0.10e400`, json.Number("-0.10e400")},
		{`[]`, []any{}},
		{`{}`, map[string]any{}},
		{`[null,[1],{"a":{"b":[]}}]`, []any{nil, []any{json.Number("1")}, map[string]any{"a": map[string]any{"b": []any{}}}}},
		{`{"a":1,"a":{"b":1},"A":2,"a":{"c":1},"\u0041":3}`, map[string]any{"a": map[string]any{"c": json.Number("1")}, "A": json.Number("3")}},
	} {
		if got, err := read(test.text, (*eventjson.Decoder).Any); err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: got %#v, %v, want %#v", test.text, got, err, test.want)
		}
	}
	for text, want := range map[string]string{
		`{"a":[1,01]}`: `invalid character '1' after array element (byte 10)`,
		`{"a":tru}`:    `invalid character '}' in literal true (expecting 'e') (byte 9)`,
		`{"a":}`:       `invalid character '}' looking for beginning of value (byte 6)`,
		`[-]`:          `invalid character ']' in numeric literal (byte 3)`,
	} {
		if got, err := read(text, (*eventjson.Decoder).Any); reasonOf(err) != want {
			t.Errorf("%s: got %v, %v, want %s", text, got, err, want)
		}
	}
}
