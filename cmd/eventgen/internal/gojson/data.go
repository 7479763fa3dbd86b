package gojson

import (
	"cmp"

	"github.com/getkin/kin-openapi/openapi3"
)

// Data is the Go type of an event's data.
type Data struct {
	types *Types
	name  string // the type that the functions take
	value bool   // the data is the field Value of that type
	of    *field // the data as if it were a field
}

// Named returns the data whose Go type is called name.
func (t *Types) Named(name string) *Data {
	return &Data{types: t, name: name, of: &field{shape: t.ofName(name)}}
}

// ValueOf returns the data that the field Value of the struct called name holds.
func (t *Types) ValueOf(name string) *Data {
	return &Data{types: t, name: name, value: true, of: t.ofName(name).field("Value")}
}

// Type returns the Go type of the data as Go source.
func (d *Data) Type() string {
	if d.value {
		return d.of.shape.text
	}
	return d.name
}

// Decode returns the statement that decodes into v, a pointer, with d, a Decoder.
func (d *Data) Decode(decoder, v string) string {
	if d.isForeign() {
		return decoder + ".JSON(" + v + ")"
	}
	return d.types.nameOf(d.function(false)) + "(&" + decoder + ", " + v + ")"
}

// Encode returns the statement that encodes v, a pointer, with e, an Encoder.
func (d *Data) Encode(encoder, v string) string {
	if d.isForeign() {
		return encoder + ".JSON(" + v + ")"
	}
	return d.types.nameOf(d.function(true)) + "(&" + encoder + ", " + v + ")"
}

// isForeign reports whether encoding/json reads and writes the data.
func (d *Data) isForeign() bool { return !d.value && d.of.shape.kind == foreign }

func (d *Data) function(encode bool) function {
	if d.value {
		return function{of: d.name, encode: encode, value: true}
	}
	return function{of: d.of.shape.name, encode: encode}
}

// Compare reads the schema of the data for strings that are constant.
func (d *Data) Compare(schema *openapi3.SchemaRef) {
	d.types.compareField(d.of, []*openapi3.SchemaRef{schema}, true)
}

// Expect tells which string a member has as a rule.
func (d *Data) Expect(member, value string) {
	if f := d.member(member); f != nil {
		f.texts.hint = cmp.Or(f.texts.hint, value)
	}
}

// Writes reports whether the encoder writes value for a member that is empty.
func (d *Data) Writes(member, value string) bool {
	f := d.member(member)
	return f != nil && f.texts.constant() == value
}

// member returns the field that holds a member of the data; nil if there is none.
func (d *Data) member(name string) *field {
	if d.value || d.of.shape.kind != structure {
		return nil
	}
	for _, f := range d.of.shape.fields {
		if f.name == name {
			return f
		}
	}
	return nil
}
