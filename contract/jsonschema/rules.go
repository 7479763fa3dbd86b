package jsonschema

import (
	"reflect"
	"sync"

	"github.com/mixstream/mixstream/contract/eventjson"
)

// Rules tells what the data of an event must be: JSON that fits a schema and that generated
// code decodes into a Go type. The fields must not change after the first call of a method.
// The methods are safe for concurrent use.
type Rules struct {
	All    *Schemas // the schemas of the spec; no schema may apply itself to the same value
	Schema string   // the name of the data's schema in All; empty: any value fits
	Type   any      // a nil pointer to the Go type of the data; nil: any value can be decoded

	// Package is a nil pointer to any type of the generated package; nil: Type is of that
	// package. Generated code decodes the types of its own package, and leaves those of others
	// to encoding/json.
	Package any

	once     sync.Once
	compiler *compiler
	is       *goType
	full     *node // of the schema and the type
	typed    *node // of the type
}

// schemas returns All. It is a pointer so that a linker can drop the rules that a program does
// not use: the value of a map is known only when the program runs.
func (r *Rules) schemas() Schemas {
	if r.All == nil {
		return nil
	}
	return *r.All
}

// Check reports where data is wrong:
//
//   - It is not JSON, or nested more than 10,000 levels deep.
//   - Text in it is not valid UTF-8, or has one half of a surrogate pair (RFC 7493, section
//     2.1).
//   - A member comes twice in one object (RFC 7493, section 2.3).
//   - It does not fit the schema (JSON Schema 2020-12).
//   - It cannot be decoded into the Go type: a number is out of range, or text is not in the
//     format of its type.
//
// The error is an *eventjson.Error. If several parts are wrong, the error is about the first of
// these that applies.
func (r *Rules) Check(data []byte) error {
	r.once.Do(r.compile)
	return r.check(r.full, data)
}

// CheckType is Check without the schema.
func (r *Rules) CheckType(data []byte) error {
	r.once.Do(r.compile)
	return r.check(r.typed, data)
}

// Accept reads the next value of d, which stands in a larger text, and reports whether Check
// accepts it. It consumes only a value that it accepts: Check tells why it does not. The
// caller, which reads the text around the value, thus reads the value once.
func (r *Rules) Accept(d *eventjson.Decoder) bool {
	r.once.Do(r.compile)
	return r.accept(r.full, d)
}

// AcceptType is Accept without the schema.
func (r *Rules) AcceptType(d *eventjson.Decoder) bool {
	r.once.Do(r.compile)
	return r.accept(r.typed, d)
}

func (r *Rules) accept(n *node, d *eventjson.Decoder) bool {
	p := pass{d: *d, all: r.schemas()}
	fits := p.value(n) && !p.d.Failed()
	if p.release(); fits {
		*d = p.d
	}
	return fits
}

func (r *Rules) compile() {
	is := reflect.TypeFor[any]()
	if r.Type != nil {
		is = reflect.TypeOf(r.Type).Elem()
	}
	own := is
	if r.Package != nil {
		own = reflect.TypeOf(r.Package).Elem()
	}
	shared.Lock()
	defer shared.Unlock()
	r.compiler = compilerOf(r.schemas(), packageOf(own))
	r.is = r.compiler.types.read(is)
	r.full, r.typed = r.compiler.node(r.schemas()[r.Schema], r.is), r.compiler.node(nil, r.is)
}

func (r *Rules) check(n *node, data []byte) error {
	var p pass
	p.d, p.all = eventjson.NewDecoder(data), r.schemas()
	fits := p.value(n) && p.d.Finish() == nil
	p.release()
	switch {
	case fits:
		return nil
	case n == r.typed:
		return r.why(nil, data)
	}
	return r.why(r.schemas()[r.Schema], data)
}

// why returns the error for data that a pass refuses. It returns nil if the data is right: a
// pass also refuses what it cannot decide.
func (r *Rules) why(s *Schema, data []byte) error {
	d := eventjson.NewDecoder(data)
	d.Skip()
	if err := d.Finish(); err != nil {
		return err
	}
	p := pass{d: eventjson.NewDecoder(data)}
	defer p.release()
	if !p.value(anyNode) {
		m := &misfit{reason: p.flaw}
		for _, key := range p.within {
			m = m.within(key)
		}
		return m.err()
	}
	if s != nil {
		if m := (&checker{all: r.schemas()}).check(s, parse(data), nil); m != nil {
			return m.err()
		}
	}
	d = eventjson.NewDecoder(data)
	r.is.read(&d)
	return d.Finish()
}
