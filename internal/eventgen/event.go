package main

import (
	"reflect"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// event is one event of a stream. The Go names in it are empty until nameAPI has run.
type event struct {
	Schema string // the name of its schema
	Name   string // its const, the value of the SSE field "event"
	Enum   string // the schema of its name
	Data   string // the schema of its data

	Const    string // the Go constant of Name
	DataType string // the Go type of Data
}

// readEvent reads the event schema of this name, and returns nil if it refuses it.
func readEvent(schema string, value *openapi3.Schema, p *problems) *event {
	before := len(*p)
	name := readProperty("event", value)
	data := readProperty("data", value)
	e := &event{
		Schema: schema,
		Name:   name.constant(schema, p),
		Enum:   name.schema(schema, p),
		Data:   data.schema(schema, p),
	}
	if len(*p) > before {
		return nil
	}
	return e
}

// property is what a schema says of one of its properties, at all levels of its
// allOf together.
type property struct {
	name   string
	found  bool
	refs   []string // the different $refs of it
	consts []any    // the different consts of it
}

func readProperty(name string, schema *openapi3.Schema) *property {
	q := &property{name: name}
	eachOfAll(schema, map[*openapi3.Schema]bool{}, func(s *openapi3.Schema) {
		ref := s.Properties[name]
		if ref == nil {
			return
		}
		q.found = true
		if ref.Ref != "" && !slices.Contains(q.refs, ref.Ref) {
			q.refs = append(q.refs, ref.Ref)
		}
		// kin-openapi keeps what stands beside a $ref as one more member of
		// the allOf of what it points to.
		eachOfAll(ref.Value, map[*openapi3.Schema]bool{}, q.addConst)
	})
	return q
}

// addConst takes down the const of a schema, if it has one.
func (q *property) addConst(s *openapi3.Schema) {
	// A const can be an object, which == cannot compare.
	same := func(value any) bool { return reflect.DeepEqual(value, s.Const) }
	if s.Const != nil && !slices.ContainsFunc(q.consts, same) {
		q.consts = append(q.consts, s.Const)
	}
}

// schema returns the name of the one schema that the property refers to.
func (q *property) schema(where string, p *problems) string {
	switch {
	case !q.found:
		p.add(where, "it has no property %q", q.name)
		return ""
	case len(q.refs) == 0:
		p.add(where, "its property %q is inline, and not a $ref to a schema of components/schemas", q.name)
		return ""
	case len(q.refs) > 1:
		p.add(where, "its property %q is a $ref to %s and to %s", q.name, q.refs[0], q.refs[1])
		return ""
	}
	name, ok := schemaName(q.refs[0])
	if !ok {
		p.add(where, "its property %q is a $ref to %s, and not to a schema of components/schemas", q.name, q.refs[0])
	}
	return name
}

// constant returns the one const of the property, which must be a string.
func (q *property) constant(where string, p *problems) string {
	switch {
	case !q.found:
		// It has been said by schema.
		return ""
	case len(q.consts) == 0:
		p.add(where, "its property %q has no const", q.name)
		return ""
	case len(q.consts) > 1:
		p.add(where, "its property %q has two consts, %v and %v", q.name, q.consts[0], q.consts[1])
		return ""
	}
	value, _ := q.consts[0].(string)
	if value == "" {
		p.add(where, "the const of its property %q is not a string that names an event: %v", q.name, q.consts[0])
	}
	return value
}

// eachOfAll calls f for a schema and for every member of its allOf, and of
// theirs, each once: a schema may contain itself.
func eachOfAll(s *openapi3.Schema, seen map[*openapi3.Schema]bool, f func(*openapi3.Schema)) {
	if s == nil || seen[s] {
		return
	}
	seen[s] = true
	f(s)
	for _, member := range s.AllOf {
		eachOfAll(member.Value, seen, f)
	}
}
