package samejson

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"

	"github.com/mixstream/mixstream/contract"
)

// Decode decodes a text as the data of an event, and compares the result with that of
// encoding/json: both refuse it, or both return the same value. If the text is strict JSON,
// CheckType must accept it as well, or refuse it with the same error.
func Decode[P, E any](op contract.Operation[P, E], name string, text []byte) error {
	_, data, err := value(op, name)
	if err != nil {
		return err
	}
	want, wantErr := reference(text, data.Type().Elem())
	event, gotErr := op.Events.Decode(name, text, nil)
	if overflows(text) && takesFloats(data.Type().Elem(), nil) {
		return nil // the methods of oapi-codegen refuse a number that no float64 can hold
	}
	if (gotErr == nil) != (wantErr == nil) {
		return fmt.Errorf("decode %s: got %s, encoding/json %s", text, told(gotErr), told(wantErr))
	}
	checkErr := op.CheckType(name, text)
	if (checkErr == nil) != (gotErr == nil && isStrict(text)) {
		return fmt.Errorf("check %s: got %s, the decoder %s", text, told(checkErr), told(gotErr))
	}
	if gotErr != nil {
		if json.Valid(text) && isStrict(text) && told(checkErr) != told(gotErr) {
			return fmt.Errorf("check %s: got %s, want the error of the decoder: %s", text, told(checkErr), told(gotErr))
		}
		return nil
	}
	got := dataOf(event, data)
	original, _ := json.Marshal(got.Interface())
	withFloats(got)
	withFloats(want)
	if !reflect.DeepEqual(got.Interface(), want.Interface()) {
		return fmt.Errorf("decode %s: got %s: %#v, encoding/json %#v", text, original, got.Elem().Interface(), want.Elem().Interface())
	}
	return nil
}

// told returns an error, or none, as text.
func told(err error) string { return fmt.Sprint(err) }

// overflows reports whether JSON contains a number that is out of the range of a float64.
func overflows(text []byte) bool {
	var v any
	return json.Valid(text) && json.Unmarshal(text, &v) != nil
}

// takesFloats reports whether a method of oapi-codegen decodes free-form values within a type.
func takesFloats(t reflect.Type, seen map[reflect.Type]bool) bool {
	if seen == nil {
		seen = map[reflect.Type]bool{}
	}
	if seen[t] {
		return false
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Array:
		return takesFloats(t.Elem(), seen)
	case reflect.Struct:
		if hasRest(t) || unmarshals(t) {
			return true
		}
		for i := range t.NumField() {
			if takesFloats(t.Field(i).Type, seen) {
				return true
			}
		}
	default:
	}
	return false
}

// withFloats replaces the numbers in free-form values by float64s. Generated code keeps their
// digits, and the methods that oapi-codegen writes do not.
func withFloats(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			withFloats(v.Elem())
		}
	case reflect.Interface:
		if v.CanSet() && !v.IsNil() {
			v.Set(reflect.ValueOf(anyWithFloats(v.Interface())))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				withFloats(v.Field(i))
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			withFloats(v.Index(i))
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			item := reflect.New(v.Type().Elem()).Elem()
			item.Set(v.MapIndex(key))
			withFloats(item)
			v.SetMapIndex(key, item)
		}
	default:
	}
}

func anyWithFloats(v any) any {
	switch v := v.(type) {
	case json.Number:
		f, err := strconv.ParseFloat(string(v), 64)
		if err != nil || math.IsInf(f, 0) {
			return "the number " + string(v)
		}
		return f
	case []any:
		for i := range v {
			v[i] = anyWithFloats(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = anyWithFloats(v[name])
		}
	}
	return v
}

// reference decodes a text with encoding/json, after a rewriting that makes it follow the rules
// of generated code.
func reference(text []byte, t reflect.Type) (reflect.Value, error) {
	v := reflect.New(t)
	if !json.Valid(text) {
		return v, fmt.Errorf("not JSON: %w", json.Unmarshal(text, new(any)))
	}
	rewritten, err := rewrite(bytes.TrimSpace(text), t)
	if err != nil {
		return v, err
	}
	decoder := json.NewDecoder(bytes.NewReader(rewritten))
	decoder.UseNumber()
	return v, decoder.Decode(v.Interface())
}
