// Package jsonschema answers questions about schemas: what their allOf members define
// together, which values they allow, and which schemas they contain.
package jsonschema

import (
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// Object is the description of an object in a schema, merged over all levels of allOf.
type Object struct {
	Properties map[string][]*openapi3.SchemaRef // all descriptions of each property
	Required   map[string]bool
	Unions     []Union
	Components []string // the schemas of components/schemas that it consists of
}

// Union is a oneOf or an anyOf.
type Union struct {
	Members       openapi3.SchemaRefs
	Discriminator *openapi3.Discriminator
}

// ObjectOf returns the description of an object in a schema.
func ObjectOf(ref *openapi3.SchemaRef) *Object {
	s := &Object{Properties: map[string][]*openapi3.SchemaRef{}, Required: map[string]bool{}}
	s.add(ref, map[*openapi3.Schema]bool{})
	return s
}

// add adds a schema and the members of its allOf, once each: a schema may contain itself.
func (s *Object) add(ref *openapi3.SchemaRef, seen map[*openapi3.Schema]bool) {
	if ref == nil || ref.Value == nil || seen[ref.Value] {
		return
	}
	v := ref.Value
	seen[v] = true
	if name, ok := ComponentName(ref.Ref); ok {
		s.Components = append(s.Components, name)
	}
	for name, property := range v.Properties {
		s.Properties[name] = append(s.Properties[name], property)
	}
	for _, name := range v.Required {
		s.Required[name] = true
	}
	for _, members := range []openapi3.SchemaRefs{v.OneOf, v.AnyOf} {
		if members = slices.DeleteFunc(slices.Clone(members), IsNull); len(members) > 0 {
			s.Unions = append(s.Unions, Union{members, v.Discriminator})
		}
	}
	for _, member := range v.AllOf {
		s.add(member, seen)
	}
}

// Join adds the description beside a union to one of the union's members.
func (s *Object) Join(beside *Object) {
	for name, refs := range beside.Properties {
		// The member's own description comes last, as in an allOf.
		s.Properties[name] = append(slices.Clone(refs), s.Properties[name]...)
	}
	for name := range beside.Required {
		s.Required[name] = true
	}
	s.Components = append(s.Components, beside.Components...)
}
