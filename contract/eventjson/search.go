package eventjson

import (
	"cmp"
	"encoding"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// maxSearched is how many levels of a value the search for a wrong part descends. Each level
// decodes or encodes the value once more, so deep values must not make the search expensive.
const maxSearched = 32

var (
	jsonUnmarshaler = reflect.TypeFor[json.Unmarshaler]()
	jsonMarshaler   = reflect.TypeFor[json.Marshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
	textMarshaler   = reflect.TypeFor[encoding.TextMarshaler]()
)

// Undecodable returns the error for data that a JSON package refused with err to decode into
// v, a non-nil pointer. It searches for the wrong part with encoding/json.
func Undecodable(data []byte, v any, err error) *Error {
	t := reflect.TypeOf(v)
	if t == nil || t.Kind() != reflect.Pointer {
		return &Error{Reason: because(err), Err: err}
	}
	path, found := findUndecodable(data, t.Elem(), maxSearched)
	return &Error{Path: path, Reason: because(cmp.Or(found, err)), Err: err}
}

// findUndecodable returns the innermost part of data that encoding/json refuses for a Go type,
// with the error; a nil error if encoding/json accepts the data.
func findUndecodable(data []byte, t reflect.Type, depth int) (path string, err error) {
	if err = json.Unmarshal(data, reflect.New(t).Interface()); err == nil || depth == 0 {
		return "", err
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if p := reflect.PointerTo(t); p.Implements(jsonUnmarshaler) || p.Implements(textUnmarshaler) {
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
			return PointerTo(name) + path, err
		}
	}
	for i, item := range items {
		if path, err := findUndecodable(item, t.Elem(), depth-1); err != nil {
			return PointerTo(strconv.Itoa(i)) + path, err
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

// findUnencodable returns the innermost part of a value that encoding/json refuses to encode,
// with the error; a nil error if it accepts the value.
func findUnencodable(v reflect.Value, depth int) (path string, err error) {
	if _, err = json.Marshal(v.Interface()); err == nil || depth == 0 {
		return "", err
	}
	for range maxSearched { // a pointer may point to itself
		if v.Type().Implements(jsonMarshaler) || v.Kind() != reflect.Pointer && v.Kind() != reflect.Interface {
			break
		}
		v = v.Elem()
	}
	if v.Type().Implements(jsonMarshaler) || v.Type().Implements(textMarshaler) {
		return "", err
	}
	members := membersOf(v)
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if path, err := findUnencodable(members[name], depth-1); err != nil {
			return PointerTo(name) + path, err
		}
	}
	return "", err
}

// membersOf returns the members of an object, or the items of an array by their index.
func membersOf(v reflect.Value) map[string]reflect.Value {
	members := map[string]reflect.Value{}
	switch kind := v.Kind(); {
	case kind == reflect.Struct:
		for _, f := range reflect.VisibleFields(v.Type()) {
			member, named := memberName(f)
			if field, err := v.FieldByIndexErr(f.Index); named && err == nil {
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
	return members
}
