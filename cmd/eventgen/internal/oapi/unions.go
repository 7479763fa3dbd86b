package oapi

import (
	"slices"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/document"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/jsonschema"
)

// flattenUnions puts the members of an inline union in the place of that union where it
// stands in another one beside nothing but null. oapi-codegen forgets the members there, and
// makes a struct without fields, into which no text and no array can be decoded.
func flattenUnions(doc *openapi3.T) {
	document.EachSchema(doc, func(s *openapi3.Schema) {
		if len(s.OneOf) > 0 && len(s.AnyOf) > 0 {
			return
		}
		for range 100 { // a union in a union in a union
			if !flattenUnion(s) {
				return
			}
		}
	})
}

// flattenUnion flattens one level. It is false if there is none.
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

// isUnionAlone reports whether a schema says nothing but what one union says.
func isUnionAlone(s *openapi3.Schema) bool {
	rest := *s
	rest.OneOf, rest.AnyOf, rest.Discriminator = nil, nil, nil
	return (len(s.OneOf) == 0 || len(s.AnyOf) == 0) && jsonschema.TypesOf(s) == nil && jsonschema.IsEmpty(&rest)
}
