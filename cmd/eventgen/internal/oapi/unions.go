package oapi

import (
	"slices"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/document"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/jsonschema"
)

// flattenUnions replaces an inline union that stands alone beside null in another union by its
// members. oapi-codegen ignores the members there, and makes a struct without fields, which
// cannot hold a text or an array.
func flattenUnions(doc *openapi3.T) {
	document.EachSchema(doc, func(s *openapi3.Schema) {
		if len(s.OneOf) > 0 && len(s.AnyOf) > 0 {
			return
		}
		for range 100 { // bounds the nesting of unions
			if !flattenUnion(s) {
				return
			}
		}
	})
}

// flattenUnion flattens one level, and reports whether it found one.
func flattenUnion(s *openapi3.Schema) bool {
	var inner, null *openapi3.SchemaRef
	for _, member := range slices.Concat(s.OneOf, s.AnyOf) {
		switch {
		case jsonschema.IsNull(member):
			null = member
		case inner != nil:
			return false
		default:
			inner = member
		}
	}
	if null == nil || inner == nil || inner.Ref != "" || len(inner.Value.OneOf)+len(inner.Value.AnyOf) == 0 || !isUnionAlone(inner.Value) {
		return false
	}
	s.OneOf, s.AnyOf = nil, nil
	if len(inner.Value.OneOf) > 0 {
		s.OneOf = slices.Concat(inner.Value.OneOf, openapi3.SchemaRefs{null})
	} else {
		s.AnyOf = slices.Concat(inner.Value.AnyOf, openapi3.SchemaRefs{null})
	}
	if s.Discriminator == nil {
		s.Discriminator = inner.Value.Discriminator
	}
	return true
}

// isUnionAlone reports whether a schema consists of exactly one union.
func isUnionAlone(s *openapi3.Schema) bool {
	rest := *s
	rest.OneOf, rest.AnyOf, rest.Discriminator = nil, nil, nil
	return (len(s.OneOf) == 0 || len(s.AnyOf) == 0) && jsonschema.TypesOf(s) == nil && jsonschema.IsEmpty(&rest)
}
