package eventjson_test

import (
	"reflect"
	"testing"

	"github.com/mixstream/mixstream/contract/eventjson"
)

// part is an item that a generated function decodes.
type part struct{ A string }

func decodePart(d *eventjson.Decoder, v *part) {
	for ok := d.Object(); ok; ok = d.NextMember() {
		v.A = d.String()
	}
}

// TestContainers decodes into variables that hold something already, as generated code does.
func TestContainers(t *testing.T) {
	items := func(d *eventjson.Decoder) any {
		v := []part{{"old"}}
		for ok := eventjson.Slice(d, &v); ok; ok = d.NextItem() {
			decodePart(d, eventjson.Append(&v))
		}
		return v
	}
	entries := func(d *eventjson.Decoder) any {
		v := map[string]part{"old": {}}
		for ok := eventjson.Map(d, &v); ok; ok = d.NextMember() {
			name := string(d.Name())
			item := eventjson.Item(v)
			decodePart(d, &item)
			v[name] = item
		}
		return v
	}
	pointer := func(d *eventjson.Decoder) any {
		v := &part{"old"}
		if eventjson.Pointer(d, &v) {
			decodePart(d, v)
		}
		return v
	}
	zero := func(d *eventjson.Decoder) any {
		v := part{"old"}
		eventjson.Zero(&v)
		decodePart(d, &v)
		return v
	}
	for _, test := range []struct {
		decode func(d *eventjson.Decoder) any
		data   string
		want   any
	}{
		{items, `null`, []part(nil)},
		{items, `[]`, []part{}},
		{items, `[{"A":"x"},{}]`, []part{{"x"}, {}}},
		{items, `{}`, []part{}},
		{entries, `null`, map[string]part(nil)},
		{entries, `{}`, map[string]part{}},
		{entries, `{"a":{"A":"x"},"b":null}`, map[string]part{"a": {"x"}, "b": {}}},
		{pointer, `null`, (*part)(nil)},
		{pointer, `{}`, &part{}},
		{pointer, `{"A":"x"}`, &part{"x"}},
		{zero, `null`, part{}},
		{zero, `{"A":"x"}`, part{"x"}},
	} {
		d := eventjson.NewDecoder([]byte(test.data))
		if got := test.decode(&d); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: got %#v, want %#v", test.data, got, test.want)
		}
		if err := d.Finish(); (err != nil) != (test.data == `{}` && reflect.TypeOf(test.want).Kind() == reflect.Slice) {
			t.Errorf("%s: %v", test.data, err)
		}
	}
}

// TestEncodeContainers writes constants, and the keys of maps in order.
func TestEncodeContainers(t *testing.T) {
	e := eventjson.NewEncoder(nil)
	e.Object()
	for _, key := range eventjson.Keys(map[string]string{"b": "", "a": "own", "": ""}) {
		e.Key(key)
		e.Const(map[string]string{"a": "own"}[key], "constant")
	}
	e.EndObject()
	if data, err := e.Finish(); string(data) != `{"":"constant","a":"own","b":"constant"}` || err != nil {
		t.Errorf("got %s, %v", data, err)
	}
}
