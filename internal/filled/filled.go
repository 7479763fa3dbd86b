// Package filled makes values of the generated types, so that tests can cover every event of
// the spec, including new ones.
package filled

import (
	"encoding"
	"encoding/json"
	"math"
	"reflect"

	"github.com/mixstream/mixstream/gen"
)

// Hostile is text that breaks a stream if it is framed carelessly.
const Hostile = "line\r\nid: 1\n\ndata: x\x00\u2028 </script> \"},\"id\":\"evil\" 日本語"

// Event returns an event with its fields set; the optional fields only if optional is true.
// Its strings are Hostile, and therefore fit no enum.
func Event(name string, optional bool) gen.Event {
	event := gen.StreamEvents.Decode(name, []byte("{}"))
	fill(reflect.ValueOf(event).Elem(), optional)
	return event
}

// samples are JSON values for types that decode themselves, such as a time, a date, a UUID or
// an e-mail address: each accepts one of these.
var samples = []string{`"2026-01-02T03:04:05Z"`, `"2026-01-02"`, `"123e4567-e89b-12d3-a456-426614174000"`, `"a@example.com"`, `{}`, `"text"`, `1`, `[]`, `true`}

func fill(v reflect.Value, optional bool) {
	switch v.Addr().Interface().(type) {
	case json.Unmarshaler, encoding.TextUnmarshaler:
		for _, sample := range samples {
			if json.Unmarshal([]byte(sample), v.Addr().Interface()) == nil {
				break
			}
			v.SetZero()
		}
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(Hostile)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(math.MinInt64 >> (64 - v.Type().Bits()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(math.MaxUint64 >> (64 - v.Type().Bits()))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(1.5)
	case reflect.Interface:
		v.Set(reflect.ValueOf(map[string]any{Hostile: []any{json.Number("1.5"), nil, true}}))
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i), optional)
			}
		}
	case reflect.Pointer:
		if optional {
			v.Set(reflect.New(v.Type().Elem()))
			fill(v.Elem(), false) // the type may contain itself
		}
	case reflect.Slice:
		if optional {
			v.Set(reflect.MakeSlice(v.Type(), 2, 2))
			fill(v.Index(0), false)
		}
	case reflect.Map:
		if optional {
			value := reflect.New(v.Type().Elem()).Elem()
			fill(value, false)
			v.Set(reflect.MakeMap(v.Type()))
			v.SetMapIndex(reflect.ValueOf(Hostile).Convert(v.Type().Key()), value)
		}
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), optional)
		}
	}
}
