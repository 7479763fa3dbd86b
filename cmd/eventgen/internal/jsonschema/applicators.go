package jsonschema

import (
	"maps"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// InPlace returns the schemas within a schema that apply to the same value (JSON Schema
// 2020-12, section 10.2).
func InPlace(s *openapi3.Schema) []*openapi3.SchemaRef {
	all := slices.Concat(s.AllOf, s.AnyOf, s.OneOf)
	for _, ref := range []*openapi3.SchemaRef{s.Not, s.If, s.Then, s.Else} {
		if ref != nil {
			all = append(all, ref)
		}
	}
	return append(all, InOrder(s.DependentSchemas)...)
}

// OfParts returns the schemas within a schema that apply to a part of the value (JSON Schema
// 2020-12, sections 10.3 and 11). It also returns the schema of a text's content (section 8.5
// of Validation).
func OfParts(s *openapi3.Schema) []*openapi3.SchemaRef {
	all := slices.Concat(InOrder(s.Properties), InOrder(s.PatternProperties), s.PrefixItems)
	for _, ref := range []*openapi3.SchemaRef{s.Items, s.AdditionalProperties.Schema, s.Contains, s.PropertyNames, s.UnevaluatedItems.Schema, s.UnevaluatedProperties.Schema, s.ContentSchema} {
		if ref != nil {
			all = append(all, ref)
		}
	}
	return all
}

// InOrder returns schemas ordered by name.
func InOrder(schemas openapi3.Schemas) []*openapi3.SchemaRef {
	var all []*openapi3.SchemaRef
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		all = append(all, schemas[name])
	}
	return all
}

// EachOfAllRefs calls f for a reference and for the members of its target's allOf. It descends
// until it reaches a component.
func EachOfAllRefs(ref *openapi3.SchemaRef, f func(*openapi3.SchemaRef)) {
	f(ref)
	if ref.Ref == "" {
		for _, member := range ref.Value.AllOf {
			EachOfAllRefs(member, f)
		}
	}
}

// EachOfValue calls f for a schema and every schema within it that applies to the same value,
// once each.
func EachOfValue(s *openapi3.Schema, f func(*openapi3.Schema)) { eachOf(s, InPlace, f) }

// EachOfAll calls f for a schema and, recursively, every member of its allOf, once each.
func EachOfAll(s *openapi3.Schema, f func(*openapi3.Schema)) {
	eachOf(s, func(s *openapi3.Schema) []*openapi3.SchemaRef { return s.AllOf }, f)
}

// eachOf calls f for a schema and, recursively, every schema that inner returns, once each.
func eachOf(s *openapi3.Schema, inner func(*openapi3.Schema) []*openapi3.SchemaRef, f func(*openapi3.Schema)) {
	seen := map[*openapi3.Schema]bool{}
	var each func(s *openapi3.Schema)
	each = func(s *openapi3.Schema) {
		if s == nil || seen[s] {
			return
		}
		seen[s] = true
		f(s)
		for _, ref := range inner(s) {
			each(ref.Value)
		}
	}
	each(s)
}
