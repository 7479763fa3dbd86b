package jsonschema_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/contract/jsonschema"
)

// open is a struct as oapi-codegen declares it for a schema with additional properties.
type open struct {
	Name                 string           `json:"name"`
	AdditionalProperties map[string]int32 `json:"-"`
}

func (*open) UnmarshalJSON([]byte) error { return errors.New("generated code does not call it") }

func (*open) MarshalJSON() ([]byte, error) { return nil, nil }

// even is a type that decodes itself.
type even int

func (e *even) UnmarshalJSON(data []byte) error {
	if _, err := fmt.Sscan(string(data), (*int)(e)); err != nil || *e%2 != 0 {
		return errors.New("must be even")
	}
	return nil
}

// shout is a type that decodes itself from text.
type shout string

func (s *shout) UnmarshalText(text []byte) error {
	if *s = shout(text); strings.ToUpper(string(text)) != string(text) {
		return errors.New("must be loud")
	}
	return nil
}

// once is a type whose method expects a zero value.
type once []int

func (o *once) UnmarshalJSON([]byte) error {
	if *o = append(*o, 1); len(*o) > 1 {
		return errors.New("must be zero")
	}
	return nil
}

type (
	level       string
	some[T any] struct {
		A T `json:"a"`
	}
	paired struct {
		A int  `json:"a"`
		B *int `json:"b"`
	}
	embedding struct {
		paired
		C int
	}
	quoting struct {
		N int `json:"n,string"`
	}
	tagged struct {
		Hidden  string `json:"-"`
		Dash    int8   `json:"-,"` //nolint:staticcheck // the name is "-"
		Untag   uint8
		Odd     bool    "json:\"a'b\""
		private float64 //nolint:unused // encoding/json ignores it too
	}
	chain struct {
		Next *chain `json:"next"`
		Leaf int    `json:"leaf"`
	}
)

// Data is refused if generated code would not decode it, and accepted otherwise.
func TestTypes(t *testing.T) {
	for _, test := range []struct {
		is    any
		data  string
		wrong string // empty: it can be decoded
	}{
		{(*string)(nil), `null`, ""},
		{(*string)(nil), `7`, "data: must be of type string, not number"},
		{(*level)(nil), `"high"`, ""},
		{(*level)(nil), `[]`, "data: must be of type string, not array"},
		{(*bool)(nil), `"true"`, "data: must be of type boolean, not string"},
		{(*int32)(nil), `2147483647`, ""},
		{(*int32)(nil), `2147483648`, "data: must be of type integer (int32), not number 2147483648"},
		{(*int32)(nil), `3000000000`, "data: must be of type integer (int32), not number 3000000000"},
		{(*int32)(nil), `-2147483648.0`, ""},
		{(*int8)(nil), `1.28e2`, "data: must be of type integer (int8), not number 1.28e2"},
		{(*int8)(nil), `12.7e1`, ""},
		{(*int64)(nil), `9223372036854775807`, ""},
		{(*int64)(nil), `9223372036854775808`, "data: must be of type integer (int64), not number 9223372036854775808"},
		{(*int64)(nil), `-9223372036854775808`, ""},
		{(*int)(nil), `1e99999999999`, "data: must be of type integer (int), not number 1e99999999999"},
		{(*int)(nil), `1e-1`, "data: must be of type integer (int), not number 1e-1"},
		{(*int)(nil), `0e99999999999`, ""},
		{(*uint8)(nil), `255`, ""},
		{(*uint8)(nil), `256`, "data: must be of type integer (uint8), not number 256"},
		{(*uint64)(nil), `-0`, ""},
		{(*uint64)(nil), `-1`, "data: must be of type integer (uint64), not number -1"},
		{(*uint64)(nil), `18446744073709551615`, ""},
		{(*float32)(nil), `3.5e38`, "data: must be of type number, not number 3.5e38"},
		{(*float32)(nil), `340282356779733661637539395458142568448`, "data: must be of type number, not number 340282356779733661637539395458142568448"},
		{(*float32)(nil), `3e38`, ""},
		{(*float64)(nil), `3.5e38`, ""},
		{(*float64)(nil), `1e309`, "data: must be of type number, not number 1e309"},
		{(*float64)(nil), `1e-400`, ""},
		{(*any)(nil), `1e309`, ""},
		{(*json.RawMessage)(nil), `{"a":[1e309]}`, ""},
		{(*time.Time)(nil), `"2026-03-04T05:06:07Z"`, ""},
		{(**time.Time)(nil), `null`, ""},
		{(*[]*time.Time)(nil), `[null,"2026-03-04T05:06:07Z",null]`, ""},
		{(*map[string]time.Duration)(nil), `{"a":7}`, ""},
		{(*map[string]time.Duration)(nil), `{"a":"7s"}`, "data/a: must be of type integer (int64), not string"},
		{(*[]string)(nil), `["a",7]`, "data/1: must be of type string, not number"},
		{(*[]string)(nil), `{}`, "data: must be of type array, not object"},
		{(*[]byte)(nil), `"AAEC"`, ""},
		{(*[]byte)(nil), `"*"`, "data: illegal base64 data at input byte 0"},
		{(*[2]int)(nil), `[1,2]`, ""},
		{(*[2]int)(nil), `[1,"2"]`, "data/1: must be of type integer (int), not string"},
		{(*map[string]int)(nil), `{"a/b":1.5}`, "data/a~1b: must be of type integer (int), not number 1.5"},
		{(*map[level]int)(nil), `{"a":1}`, ""},
		{(*map[int]int)(nil), `{"a":1}`, "data: must be of type integer (int), not number a"},
		{(*even)(nil), `4`, ""},
		{(*even)(nil), `5`, "data: must be even"},
		{(*[]even)(nil), `[4,5]`, "data/1: must be even"},
		{(*map[string]*even)(nil), `{"a":null,"b":6}`, ""},
		{(*[]once)(nil), `[1,2,3]`, ""},
		{(*some[int])(nil), `{"A":"encoding/json folds names"}`, "data/A: must be of type integer (int), not string"},
		{(*shout)(nil), `"HO"`, ""},
		{(*[]shout)(nil), `["HO","ho"]`, "data/1: must be loud"},
		{(*paired)(nil), `{"a":1.0,"b":null,"c":{}}`, ""},
		{(*paired)(nil), `{"A":"other","b":2e0}`, ""},
		{(*paired)(nil), `{"b":"2"}`, "data/b: must be of type integer (int), not string"},
		{(*embedding)(nil), `{"a":"x"}`, "data/a: must be of type integer (int), not string"},
		{(*embedding)(nil), `{"a":7,"c":8}`, ""},
		{(*quoting)(nil), `{"n":"7"}`, ""},
		{(*quoting)(nil), `{"n":7}`, "data: invalid use of ,string struct tag, trying to unmarshal unquoted value into int"},
		{(*tagged)(nil), `{"-":128}`, "data/-: must be of type integer (int8), not number 128"},
		{(*tagged)(nil), `{"Hidden":1,"private":"x","Untag":1,"-":1}`, ""},
		{(*tagged)(nil), `{"Odd":1}`, "data/Odd: must be of type boolean, not number"},
		{(*open)(nil), `{"name":"a","b":7}`, ""},
		{(*open)(nil), `{"name":7}`, "data/name: must be of type string, not number"},
		{(*open)(nil), `{"b":"7"}`, "data/b: must be of type integer (int32), not string"},
		{(*chain)(nil), `{"next":{"next":{"leaf":1e0}}}`, ""},
		{(*chain)(nil), `{"next":{"next":{"leaf":"1"}}}`, "data/next/next/leaf: must be of type integer (int), not string"},
		{(*fmt.Stringer)(nil), `{}`, "data: must be of type fmt.Stringer, not object"},
	} {
		rules := &jsonschema.Rules{Type: test.is}
		if jsonschema.FitsPass(rules, []byte(test.data)) != (test.wrong == "") {
			t.Errorf("%T from %s: one pass says something else", test.is, test.data)
		}
		err := rules.CheckType([]byte(test.data))
		if (err == nil) != (test.wrong == "") || err != nil && err.Error() != test.wrong {
			t.Errorf("%T from %s: got %v, want %s", test.is, test.data, err, test.wrong)
		}
	}
}

// Types of other packages are left to encoding/json, which refuses more.
func TestPackage(t *testing.T) {
	for is, want := range map[any]string{
		(*time.Month)(nil):  "data: must be of type integer (int), not number 1.0",
		(**time.Month)(nil): "data: must be of type integer (int), not number 1.0",
		(*int)(nil):         "",
	} {
		rules := &jsonschema.Rules{Type: is, Package: (*token)(nil)}
		if err := rules.Check([]byte("1.0")); (err == nil) != (want == "") || err != nil && err.Error() != want {
			t.Errorf("%T: %v", is, err)
		}
		if err := (&jsonschema.Rules{Type: is}).Check([]byte("1.0")); err != nil {
			t.Errorf("%T: %v", is, err)
		}
	}
	rules := &jsonschema.Rules{Type: (*map[string][]time.Month)(nil), Package: (*token)(nil)}
	if err := rules.Check([]byte(`{"a":[1,1.0]}`)); err == nil || err.Error() != "data/a/1: must be of type integer (int), not number 1.0" {
		t.Errorf("got %v", err)
	}
}

// TestRandomTypes checks random values for random Go types, in one pass and as generated code
// decodes them.
func TestRandomTypes(t *testing.T) {
	checks, fit := 0, 0
	for seed := range uint64(1000) {
		m := &maker{Rand: rand.New(rand.NewPCG(seed, 23))}
		is := m.goType(3)
		rules := &jsonschema.Rules{Type: reflect.Zero(reflect.PointerTo(is)).Interface()}
		for range 20 {
			data := m.text(m.valueOf(is, 4))
			want := jsonschema.Decodes(rules, []byte(data))
			if got := jsonschema.FitsPass(rules, []byte(data)); got != (want == nil) {
				t.Fatalf("seed %d: %v from %s: one pass says %t, the decoder says %v", seed, is, data, got, want)
			}
			if got := rules.Check([]byte(data)); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("seed %d: %v from %s: got %v, want %v", seed, is, data, got, want)
			}
			if checks++; want == nil {
				fit++
			}
		}
	}
	t.Logf("%d of %d fit", fit, checks)
	if fit < checks/10 || fit > checks*9/10 {
		t.Error("the values say little")
	}
}

var scalars = []reflect.Type{
	reflect.TypeFor[bool](), reflect.TypeFor[string](), reflect.TypeFor[int](), reflect.TypeFor[int8](), reflect.TypeFor[int64](),
	reflect.TypeFor[uint8](), reflect.TypeFor[uint64](), reflect.TypeFor[float32](), reflect.TypeFor[float64](),
	reflect.TypeFor[any](), reflect.TypeFor[json.RawMessage](), reflect.TypeFor[json.Number](), reflect.TypeFor[time.Time](),
	reflect.TypeFor[even](), reflect.TypeFor[shout](), reflect.TypeFor[level](), reflect.TypeFor[open](), reflect.TypeFor[[]byte](),
}

// goType returns a random Go type.
func (m *maker) goType(depth int) reflect.Type {
	kind := m.IntN(8)
	if depth == 0 {
		kind %= 3
	}
	switch kind {
	case 0, 1, 2:
		return pick(m, scalars)
	case 3:
		return reflect.PointerTo(m.goType(depth - 1))
	case 4:
		return reflect.SliceOf(m.goType(depth - 1))
	case 5:
		return reflect.MapOf(reflect.TypeFor[string](), m.goType(depth-1))
	}
	var fields []reflect.StructField
	for i, name := range []string{"a", "b", "ab", "x-1", "next"} {
		if m.IntN(2) == 0 {
			fields = append(fields, reflect.StructField{Name: fmt.Sprintf("F%d", i), Type: m.goType(depth - 1), Tag: reflect.StructTag(fmt.Sprintf("json:%q", name))})
		}
	}
	return reflect.StructOf(fields)
}

// valueOf returns a random value that often can be decoded into a type.
func (m *maker) valueOf(is reflect.Type, depth int) any {
	if depth == 0 || m.IntN(20) == 0 {
		return m.value(1)
	}
	switch kind := is.Kind(); {
	case m.IntN(10) == 0:
		return nil
	case is == reflect.TypeFor[open]():
		return map[string]any{"name": m.valueOf(reflect.TypeFor[string](), 1), "b": m.valueOf(reflect.TypeFor[int](), 1)}
	case is == reflect.TypeFor[time.Time]():
		return "2026-03-04T05:06:07Z"
	case kind == reflect.Bool:
		return m.IntN(2) == 0
	case kind == reflect.String:
		return pick(m, someTexts)
	case kind >= reflect.Int && kind <= reflect.Float64:
		return pick(m, someNumbers)
	case kind == reflect.Pointer:
		return m.valueOf(is.Elem(), depth)
	case kind == reflect.Slice && is.Elem().Kind() != reflect.Uint8:
		return []any{m.valueOf(is.Elem(), depth-1), m.valueOf(is.Elem(), depth-1)}
	case kind == reflect.Map:
		return map[string]any{"a": m.valueOf(is.Elem(), depth-1), "é": m.valueOf(is.Elem(), depth-1)}
	case kind == reflect.Struct:
		members := map[string]any{"more": m.value(2)}
		for i := range is.NumField() {
			if m.IntN(3) > 0 {
				members[is.Field(i).Tag.Get("json")] = m.valueOf(is.Field(i).Type, depth-1)
			}
		}
		return members
	}
	return m.value(2)
}
