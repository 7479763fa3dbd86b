package contract

import (
	"cmp"
	"encoding"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// maxSearched is how many levels of the data the search for a wrong part descends. Each level
// decodes the data once more, so deeply nested data must not make the search expensive.
const maxSearched = 32

// Unmarshal unmarshals the data of the event called name into v, a non-nil pointer. The error
// is an *InvalidEventError that tells where the data is wrong.
func Unmarshal(name string, data []byte, v any, unmarshal func(data []byte, v any) error) error {
	if err := unmarshal(data, v); err != nil {
		return undecodable(name, data, v, err)
	}
	return nil
}

// Marshal returns v, the data of the event called name, as JSON. The error is an
// *InvalidEventError that names the part that JSON cannot represent.
func Marshal(name string, v any) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, unencodable(name, v, err)
	}
	return data, nil
}

// undecodable returns the error for data that an unmarshal function refused with err. It
// searches for the wrong part with encoding/json: the function may know only the types of
// whole events.
func undecodable(name string, data []byte, event any, err error) error {
	path, found := findUndecodable(data, reflect.TypeOf(event).Elem(), maxSearched)
	return &InvalidEventError{Event: name, Path: path, Reason: whyMisfit(cmp.Or(found, err)), Err: err}
}

// findUndecodable returns the innermost part of data that json.Unmarshal refuses for a Go
// type, with the error; a nil error if json.Unmarshal accepts the data.
func findUndecodable(data []byte, t reflect.Type, depth int) (path string, err error) {
	if err = json.Unmarshal(data, reflect.New(t).Interface()); err == nil || depth == 0 {
		return "", err
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if decodes := reflect.PointerTo(t); decodes.Implements(reflect.TypeFor[json.Unmarshaler]()) || decodes.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return "", err
	}
	members, items := map[string]json.RawMessage{}, []json.RawMessage{}
	switch t.Kind() {
	case reflect.Struct, reflect.Map:
		_ = json.Unmarshal(data, &members) // only an object has members
	case reflect.Slice, reflect.Array:
		_ = json.Unmarshal(data, &items)
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		member, ok := memberType(t, name)
		if !ok {
			continue
		}
		if path, err := findUndecodable(members[name], member, depth-1); err != nil {
			return (&misfit{path: path}).within(name).path, err
		}
	}
	for i, item := range items {
		if path, err := findUndecodable(item, t.Elem(), depth-1); err != nil {
			return (&misfit{path: path}).within(strconv.Itoa(i)).path, err
		}
	}
	return "", err
}

// memberType returns the Go type of a member of a struct or a map.
func memberType(t reflect.Type, name string) (reflect.Type, bool) {
	if t.Kind() == reflect.Map {
		return t.Elem(), true
	}
	for _, f := range reflect.VisibleFields(t) {
		if member, ok := memberName(f); ok && strings.EqualFold(member, name) {
			return f.Type, true
		}
	}
	return nil, false
}

// memberName returns the JSON name of a field, and whether it has one.
func memberName(f reflect.StructField) (string, bool) {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return cmp.Or(name, f.Name), f.IsExported() && name != "-" && (name != "" || !f.Anonymous)
}

// unencodable returns the error for a value that json.Marshal refused with err.
func unencodable(name string, value any, err error) error {
	path, found := findUnencodable(reflect.ValueOf(value), maxSearched)
	return &InvalidEventError{Event: name, Path: path, Reason: whyMisfit(cmp.Or(found, err)), Err: err}
}

// findUnencodable is findUndecodable for json.Marshal.
func findUnencodable(v reflect.Value, depth int) (path string, err error) {
	if _, err = json.Marshal(v.Interface()); err == nil || depth == 0 {
		return "", err
	}
	for !v.Type().Implements(reflect.TypeFor[json.Marshaler]()) && (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) {
		v = v.Elem()
	}
	members := map[string]reflect.Value{}
	switch kind := v.Kind(); {
	case v.Type().Implements(reflect.TypeFor[json.Marshaler]()), v.Type().Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return "", err
	case kind == reflect.Struct:
		for _, f := range reflect.VisibleFields(v.Type()) {
			member, named := memberName(f)
			if field, noEmbedded := v.FieldByIndexErr(f.Index); named && noEmbedded == nil {
				members[member] = field
			}
		}
	case kind == reflect.Map && v.Type().Key().Kind() == reflect.String:
		for _, key := range v.MapKeys() {
			members[key.String()] = v.MapIndex(key)
		}
	case kind == reflect.Slice, kind == reflect.Array:
		for i := range v.Len() {
			members[strconv.Itoa(i)] = v.Index(i)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if path, err := findUnencodable(members[name], depth-1); err != nil {
			return (&misfit{path: path}).within(name).path, err
		}
	}
	return "", err
}

// whyMisfit tells briefly, in the words of the spec, why a JSON package refused a value.
func whyMisfit(err error) string {
	reason := strings.TrimPrefix(err.Error(), "json: ")
	if wrong := new(json.UnmarshalTypeError); errors.As(err, &wrong) && wrong.Type != nil {
		reason = "must be of type " + specType(wrong.Type) + ", not " + wrong.Value
	}
	reason, rest := cut(reason, 200) // some errors repeat the whole value
	return reason + rest
}

// specType returns the JSON type that corresponds to a Go type.
func specType(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "boolean"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "integer (" + t.Kind().String() + ")"
	case reflect.Float32, reflect.Float64:
		return "number"
	case reflect.String:
		return "string"
	case reflect.Slice, reflect.Array:
		return "array"
	case reflect.Struct, reflect.Map:
		return "object"
	}
	return t.String()
}
