package jsonschema

import (
	"encoding"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"unicode"
)

var (
	rawMessage = reflect.TypeFor[json.RawMessage]()
	ownJSON    = []reflect.Type{
		reflect.TypeFor[json.Marshaler](), reflect.TypeFor[json.Unmarshaler](),
		reflect.TypeFor[encoding.TextMarshaler](), reflect.TypeFor[encoding.TextUnmarshaler](),
	}
)

// isForeign reports whether a type is not the generated code's own, or has methods for JSON.
func (all *goTypes) isForeign(t reflect.Type) bool {
	if t.PkgPath() != "" && t.PkgPath() != all.pkg || strings.Contains(t.Name(), "[") {
		return true
	}
	return slices.ContainsFunc(ownJSON, reflect.PointerTo(t).Implements) && additional(t) == nil
}

// additional returns the type of the members without a field in a struct for which
// oapi-codegen writes methods: they do for these members what generated code does itself. It
// returns nil for any other type.
func additional(t reflect.Type) reflect.Type {
	if t.Kind() != reflect.Struct {
		return nil
	}
	f, ok := t.FieldByName("AdditionalProperties")
	_, isUnion := t.FieldByName("union")
	if !ok || isUnion || f.Tag.Get("json") != "-" || f.Type.Name() != "" || f.Type.Kind() != reflect.Map || f.Type.Key() != reflect.TypeFor[string]() {
		return nil
	}
	if p := reflect.PointerTo(t); !p.Implements(ownJSON[0]) || !p.Implements(ownJSON[1]) {
		return nil
	}
	return f.Type.Elem()
}

// readFields reads the fields of a struct. It reports whether each member is decoded into a
// field of its own.
func (all *goTypes) readFields(g *goType, t reflect.Type) bool {
	names := map[string]bool{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous || slices.Contains(strings.Split(options, ","), "string") {
			return false
		}
		if !f.IsExported() || f.Tag.Get("json") == "-" {
			continue
		}
		if !isTagName(name) {
			name = f.Name
		}
		if names[name] {
			return false
		}
		names[name] = true
		g.fields = append(g.fields, goField{name, all.read(f.Type)})
	}
	if elem := additional(t); elem != nil {
		g.others = all.read(elem)
	}
	return true
}

// isTagName reports whether encoding/json takes a name from a tag. Otherwise it takes the Go
// name of the field.
func isTagName(name string) bool {
	for _, r := range name {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", r) {
			return false
		}
	}
	return name != ""
}
