package samejson

import (
	"bytes"
	"encoding"
	"encoding/json"
	"math/big"
	"reflect"
	"regexp"
	"strings"
)

// rewrite returns a JSON text that encoding/json decodes as generated code decodes the given
// one. It drops the members of structs whose names are not those of fields to the letter, and
// all but the last of members that come twice. It writes integers without fraction and
// exponent. The error is that of a member that it drops for the last one.
func rewrite(text []byte, t reflect.Type) ([]byte, error) {
	if t.Kind() == reflect.Pointer {
		return rewrite(text, t.Elem())
	}
	if unmarshals(t) && !hasRest(t) {
		return text, nil
	}
	switch t.Kind() {
	case reflect.Struct:
		if text[0] == '{' && !isOdd(t) {
			return rewriteObject(text, func(name string) reflect.Type { return memberType(t, name) })
		}
	case reflect.Map:
		if text[0] == '{' && t.Key() == reflect.TypeFor[string]() {
			return rewriteObject(text, func(string) reflect.Type { return t.Elem() })
		}
	case reflect.Slice:
		if text[0] == '[' {
			return rewriteArray(text, t.Elem())
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return rewriteInteger(text), nil
	default:
	}
	return text, nil
}

func rewriteObject(text []byte, typeOf func(name string) reflect.Type) ([]byte, error) {
	var names []string
	members := map[string][]byte{}
	decoder := json.NewDecoder(bytes.NewReader(text))
	_, _ = decoder.Token() // the text is an object
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		name, _ := token.(string)
		var member json.RawMessage
		if err := decoder.Decode(&member); err != nil {
			return nil, err
		}
		t := typeOf(name)
		if t == nil {
			continue
		}
		if earlier, twice := members[name]; !twice {
			names = append(names, name)
		} else if _, err := reference(earlier, t); err != nil {
			return nil, err
		}
		members[name] = member
	}
	var b bytes.Buffer
	b.WriteByte('{')
	for i, name := range names {
		if i > 0 {
			b.WriteByte(',')
		}
		quoted, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		member, err := rewrite(members[name], typeOf(name))
		if err != nil {
			return nil, err
		}
		b.Write(quoted)
		b.WriteByte(':')
		b.Write(member)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func rewriteArray(text []byte, t reflect.Type) ([]byte, error) {
	var items []json.RawMessage
	if err := json.Unmarshal(text, &items); err != nil {
		return nil, err
	}
	for i := range items {
		item, err := rewrite(items[i], t)
		if err != nil {
			return nil, err
		}
		items[i] = item
	}
	var b bytes.Buffer
	b.WriteByte('[')
	b.Write(bytes.Join(asBytes(items), []byte(",")))
	b.WriteByte(']')
	return b.Bytes(), nil
}

func asBytes(items []json.RawMessage) [][]byte {
	all := make([][]byte, len(items))
	for i, item := range items {
		all[i] = item
	}
	return all
}

var number = regexp.MustCompile(`^-?([0-9.]+)(?:[eE]([-+]?)0*(\d*))?$`)

// rewriteInteger returns a number as a plain integer, if it is one.
func rewriteInteger(text []byte) []byte {
	match := number.FindSubmatch(text)
	if match == nil {
		return text
	}
	if strings.Trim(string(match[1]), "0.") == "" {
		return []byte("0")
	}
	if len(match[3]) > 4 {
		return text // out of every range, or a fraction
	}
	if r, ok := new(big.Rat).SetString(string(text)); ok && r.IsInt() {
		return []byte(r.Num().String())
	}
	return text
}

// unmarshals reports whether a type has a method with which encoding/json decodes it.
func unmarshals(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(reflect.TypeFor[json.Unmarshaler]()) || p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// hasRest reports whether a struct keeps the members without a field of their own, as
// oapi-codegen makes it.
func hasRest(t reflect.Type) bool {
	if t.Kind() != reflect.Struct || !unmarshals(t) {
		return false
	}
	_, isUnion := t.FieldByName("union")
	f, ok := t.FieldByName("AdditionalProperties")
	return ok && !isUnion && f.Tag.Get("json") == "-"
}

// isOdd reports whether generated code leaves a struct to encoding/json.
func isOdd(t reflect.Type) bool {
	names := map[string]bool{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous || strings.Contains(options, "string") || f.IsExported() && f.Tag.Get("json") != "-" && names[nameOf(f)] {
			return true
		}
		if name != "-" {
			names[nameOf(f)] = true
		}
	}
	return false
}

func nameOf(f reflect.StructField) string {
	if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
		return name
	}
	return f.Name
}

// memberType returns the type of a member of a struct; nil if it has no field.
func memberType(t reflect.Type, name string) reflect.Type {
	for i := range t.NumField() {
		if f := t.Field(i); f.IsExported() && f.Tag.Get("json") != "-" && nameOf(f) == name {
			return f.Type
		}
	}
	if hasRest(t) {
		f, _ := t.FieldByName("AdditionalProperties")
		return f.Type.Elem()
	}
	return nil
}
