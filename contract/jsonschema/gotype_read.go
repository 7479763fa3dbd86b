package jsonschema

import (
	"reflect"

	"github.com/mixstream/mixstream/contract/eventjson"
)

// read passes over a value as the generated decoder of the type does, and leaves the same
// error in d. It is for values that are wrong, and says why.
func (g *goType) read(d *eventjson.Decoder) {
	switch g.kind {
	case boolean:
		d.Bool()
	case text:
		_ = d.String()
	case integer:
		d.Int(g.bits)
	case unsigned:
		d.Uint(g.bits)
	case float:
		d.Float(g.bits)
	case list:
		for ok := d.Array(); ok; ok = d.NextItem() {
			g.others.read(d)
		}
	case object:
		for ok := d.Object(); ok; ok = d.NextMember() {
			g.member(string(d.Name())).read(d)
		}
	case foreign:
		if !g.pointer || !d.Null() {
			d.JSON(reflect.New(g.of).Interface())
		}
	default:
		d.Skip()
	}
}

// member returns what is decoded from a member of an object.
func (g *goType) member(name string) *goType {
	if f := g.field(name); f != nil {
		return f
	}
	if g.others != nil {
		return g.others
	}
	return free
}

// field returns the type of the field for a member; nil if there is none.
func (g *goType) field(name string) *goType {
	for i := range g.fields {
		if g.fields[i].name == name {
			return g.fields[i].is
		}
	}
	return nil
}

// accepts reports whether encoding/json decodes a text into a foreign type.
func (g *goType) accepts(data []byte) bool {
	v := g.pool.Get()
	if v == nil {
		v = reflect.New(g.of).Interface()
	}
	d := eventjson.NewDecoder(data)
	d.JSON(v)
	ok := d.Finish() == nil
	reflect.ValueOf(v).Elem().SetZero()
	g.pool.Put(v)
	return ok
}
