package main

import (
	"iter"
	"maps"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// schemaAt is a schema of a stream.
type schemaAt struct {
	name   string // of the nearest schema around it that has a name
	schema *openapi3.Schema
	root   bool // no schema around it describes the same value
}

// schemas returns every schema by which a stream is described, each once, but twice where it
// describes a value both alone and with others.
func (s *stream) schemas() iter.Seq[schemaAt] {
	return func(yield func(schemaAt) bool) {
		type key struct {
			schema *openapi3.Schema
			root   bool
		}
		seen := map[key]bool{}
		var visit func(name string, ref *openapi3.SchemaRef, root bool) bool
		visit = func(name string, ref *openapi3.SchemaRef, root bool) bool {
			if ref == nil || ref.Value == nil || seen[key{ref.Value, root}] {
				return true
			}
			seen[key{ref.Value, root}] = true
			if component, ok := schemaName(ref.Ref); ok {
				name = component
			}
			if !yield(schemaAt{name, ref.Value, root}) {
				return false
			}
			for _, inner := range inPlace(ref.Value) {
				if !visit(name, inner, false) {
					return false
				}
			}
			for _, inner := range ofParts(ref.Value) {
				if !visit(name, inner, true) {
					return false
				}
			}
			return true
		}
		for _, content := range streamContents(s.op) {
			if !visit(s.ID, content.Schema, true) || !visit(s.ID, content.ItemSchema, true) {
				return
			}
		}
		for _, e := range s.Events {
			if !visit(e.Where.name, e.Data, true) {
				return
			}
		}
	}
}

// inPlace returns the schemas within a schema that describe the same value as it does
// (JSON Schema 2020-12, section 10.2).
func inPlace(s *openapi3.Schema) []*openapi3.SchemaRef {
	all := slices.Concat(s.AllOf, s.AnyOf, s.OneOf)
	for _, ref := range []*openapi3.SchemaRef{s.Not, s.If, s.Then, s.Else} {
		if ref != nil {
			all = append(all, ref)
		}
	}
	return append(all, inOrder(s.DependentSchemas)...)
}

// ofParts returns the schemas within a schema that describe a part of the value (JSON Schema
// 2020-12, sections 10.3 and 11), or what its text holds (section 8.5 of Validation).
func ofParts(s *openapi3.Schema) []*openapi3.SchemaRef {
	all := slices.Concat(inOrder(s.Properties), inOrder(s.PatternProperties), s.PrefixItems)
	for _, ref := range []*openapi3.SchemaRef{s.Items, s.AdditionalProperties.Schema, s.Contains, s.PropertyNames, s.UnevaluatedItems.Schema, s.UnevaluatedProperties.Schema, s.ContentSchema} {
		if ref != nil {
			all = append(all, ref)
		}
	}
	return all
}

func inOrder(schemas openapi3.Schemas) []*openapi3.SchemaRef {
	var all []*openapi3.SchemaRef
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		all = append(all, schemas[name])
	}
	return all
}

// eachOfValue calls f for a schema and every schema within it that describes the same value,
// each once.
func eachOfValue(s *openapi3.Schema, f func(*openapi3.Schema)) {
	seen := map[*openapi3.Schema]bool{}
	var each func(s *openapi3.Schema)
	each = func(s *openapi3.Schema) {
		if s == nil || seen[s] {
			return
		}
		seen[s] = true
		f(s)
		for _, ref := range inPlace(s) {
			each(ref.Value)
		}
	}
	each(s)
}
