package jsonschema

import (
	"reflect"
	"sync"
)

// goType tells what generated code decodes into a Go type.
type goType struct {
	kind    goKind
	bits    int       // of an integer, an unsigned integer or a float, as a Decoder takes them
	fields  []goField // of an object
	others  *goType   // of the items of a list, and of the members of an object that have no field; nil: those are passed over
	pointer bool      // null makes the pointer nil, and does not reach the type
	of      reflect.Type
	pool    sync.Pool // pointers to zero values of a foreign type
}

// goField is a field of a struct, with the name of the member that is decoded into it.
type goField struct {
	name string
	is   *goType
}

type goKind uint8

const (
	anything goKind = iota // an empty interface, or JSON text
	boolean
	text
	integer
	unsigned
	float
	list
	object
	foreign // encoding/json decodes it
)

// free is the type of values that no Go value restricts.
var free = &goType{kind: anything}

// goTypes reads Go types, each once: a type may contain itself. It distinguishes what
// generated code decodes itself from what it leaves to encoding/json.
type goTypes struct {
	pkg   string // the package of the generated code
	known map[reflect.Type]*goType
}

// packageOf returns the package that declares a type or its items.
func packageOf(t reflect.Type) string {
	for t.PkgPath() == "" && isContainer(t.Kind()) {
		t = t.Elem()
	}
	return t.PkgPath()
}

func isContainer(kind reflect.Kind) bool {
	return kind == reflect.Pointer || kind == reflect.Slice || kind == reflect.Map || kind == reflect.Array
}

// read returns what is decoded into a Go type.
func (all *goTypes) read(t reflect.Type) *goType {
	g := all.known[t]
	if g == nil {
		g = &goType{}
		all.known[t] = g
		for t.Kind() == reflect.Pointer {
			t, g.pointer = t.Elem(), true
		}
		g.of = t
		all.fill(g, t)
	}
	return g
}

func (all *goTypes) fill(g *goType, t reflect.Type) {
	switch kind := t.Kind(); {
	case t == rawMessage:
		g.kind = anything
	case all.isForeign(t):
		g.kind = foreign
	case kind == reflect.Bool:
		g.kind = boolean
	case kind == reflect.String:
		g.kind = text
	case kind == reflect.Int:
		g.kind = integer
	case kind > reflect.Int && kind <= reflect.Int64:
		g.kind, g.bits = integer, t.Bits()
	case kind == reflect.Uint:
		g.kind = unsigned
	case kind > reflect.Uint && kind <= reflect.Uint64:
		g.kind, g.bits = unsigned, t.Bits()
	case kind == reflect.Float32 || kind == reflect.Float64:
		g.kind, g.bits = float, t.Bits()
	case kind == reflect.Interface && t.NumMethod() == 0:
		g.kind = anything
	case kind == reflect.Slice && t.Elem().Kind() != reflect.Uint8: // bytes are text in base64
		g.kind, g.others = list, all.read(t.Elem())
	case kind == reflect.Map && t.Key() == reflect.TypeFor[string]():
		g.kind, g.others = object, all.read(t.Elem())
	case kind == reflect.Struct && all.readFields(g, t):
		g.kind = object
	default:
		g.kind = foreign
	}
}
