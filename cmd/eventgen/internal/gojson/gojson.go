// Package gojson writes Go functions that decode and encode the JSON of Go types. It reads the
// types from generated Go code, so it cannot disagree with the compiler about them.
//
// The functions use package eventjson. They accept and write what encoding/json does for the
// same type; package eventjson lists the differences. A type that this package does not
// understand goes to encoding/json.
package gojson

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/oapi"
)

// Types reads the Go types of a package, and writes functions for those that are asked for.
type Types struct {
	packages []*oapi.Package
	methods  Methods
	taken    map[string]bool
	named    map[string]*shape // by the name of the type
	compared map[string]bool   // the types already compared with certain schemas

	names map[function]string
	todo  []function // named, and not yet written
	texts map[function]string
}

// Methods holds names of methods by the name of their receiver's type.
type Methods map[string]map[string]bool

// function identifies a function: what it does, and to which type.
type function struct {
	of     string // the Go type
	encode bool
	value  bool // the JSON is that of the field Value
}

// New returns the types that packages declare. If several declare a name, the first counts.
// methods are methods that the types have in other files. The functions get names that are
// neither declared in packages nor in taken.
func New(methods Methods, taken map[string]bool, packages ...*oapi.Package) *Types {
	t := &Types{
		packages: packages, methods: methods, taken: map[string]bool{}, named: map[string]*shape{},
		compared: map[string]bool{}, names: map[function]string{}, texts: map[function]string{},
	}
	maps.Copy(t.taken, taken)
	for _, pkg := range packages {
		maps.Copy(t.taken, pkg.Names)
	}
	return t
}

// nameOf returns the name of a function. The first call reserves the name.
func (t *Types) nameOf(f function) string {
	if name, ok := t.names[f]; ok {
		return name
	}
	verb := "decode"
	if f.encode {
		verb = "encode"
	}
	name := verb + f.of
	for n := 2; t.taken[name]; n++ {
		name = verb + f.of + strconv.Itoa(n)
	}
	t.taken[name] = true
	t.names[f] = name
	t.todo = append(t.todo, f)
	return name
}

// Source returns the functions that the statements of all Data call, ordered by their names.
func (t *Types) Source() string {
	for len(t.todo) > 0 {
		f := t.todo[0]
		t.todo = t.todo[1:]
		t.texts[f] = t.write(f)
	}
	var all []string
	for f := range t.texts {
		all = append(all, t.names[f])
	}
	slices.Sort(all)
	byName := map[string]string{}
	for f, text := range t.texts {
		byName[t.names[f]] = text
	}
	var b strings.Builder
	for _, name := range all {
		b.WriteString(byName[name] + "\n")
	}
	return b.String()
}

// write returns the source of a function.
func (t *Types) write(f function) string {
	w := &writer{types: t}
	if f.encode {
		w.line("func %s(e *eventjson.Encoder, v *%s) {", t.names[f], f.of)
	} else {
		w.line("func %s(d *eventjson.Decoder, v *%s) {", t.names[f], f.of)
	}
	s := t.ofName(f.of)
	w.mayContainItself = s.containsItself()
	switch {
	case f.value && f.encode:
		value := s.field("Value")
		w.encode("v.Value", value.shape, value.texts.constant())
	case f.value:
		value := s.field("Value")
		w.decodeFresh("v.Value", value.shape, value.texts.hint)
	case f.encode:
		w.encodeNamed(s)
	default:
		w.decodeNamed(s)
	}
	w.line("}")
	return w.b.String()
}
