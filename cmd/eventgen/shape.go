package main

import (
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// shape is what a schema says of objects, at all levels of its allOf together.
type shape struct {
	properties map[string][]*openapi3.SchemaRef // every description of each property
	required   map[string]bool
	unions     []union
	components []string // the schemas of components/schemas that it is made of
}

// union is a oneOf or an anyOf.
type union struct {
	members       openapi3.SchemaRefs
	discriminator *openapi3.Discriminator
}

// shapeOf returns what a schema says of objects.
func shapeOf(ref *openapi3.SchemaRef) *shape {
	s := &shape{properties: map[string][]*openapi3.SchemaRef{}, required: map[string]bool{}}
	s.add(ref, map[*openapi3.Schema]bool{})
	return s
}

// add adds a schema and the members of its allOf, each once: a schema may contain itself.
func (s *shape) add(ref *openapi3.SchemaRef, seen map[*openapi3.Schema]bool) {
	if ref == nil || ref.Value == nil || seen[ref.Value] {
		return
	}
	v := ref.Value
	seen[v] = true
	if name, ok := schemaName(ref.Ref); ok {
		s.components = append(s.components, name)
	}
	for name, property := range v.Properties {
		s.properties[name] = append(s.properties[name], property)
	}
	for _, name := range v.Required {
		s.required[name] = true
	}
	for _, members := range []openapi3.SchemaRefs{v.OneOf, v.AnyOf} {
		if members = slices.DeleteFunc(slices.Clone(members), isNull); len(members) > 0 {
			s.unions = append(s.unions, union{members, v.Discriminator})
		}
	}
	for _, member := range v.AllOf {
		s.add(member, seen)
	}
}

// merge adds what stands beside a union to one of its members.
func (s *shape) merge(beside *shape) {
	for name, refs := range beside.properties {
		// What the member says comes last, as in an allOf.
		s.properties[name] = append(slices.Clone(refs), s.properties[name]...)
	}
	for name := range beside.required {
		s.required[name] = true
	}
	s.components = append(s.components, beside.components...)
}
