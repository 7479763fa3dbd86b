package document

import (
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// ReadNullable applies the nullable of OpenAPI 3.0 in later documents. The keyword has no
// meaning since OpenAPI 3.1. But large converted documents still contain it, and their servers
// send null.
func ReadNullable(doc *openapi3.T) {
	if !doc.IsOpenAPI31OrLater() {
		return
	}
	EachSchema(doc, func(s *openapi3.Schema) {
		if s.Nullable {
			allowNull(s)
		}
	})
}

// allowNull makes a schema accept null as well.
func allowNull(s *openapi3.Schema) {
	null := &openapi3.SchemaRef{Value: &openapi3.Schema{Type: &openapi3.Types{openapi3.TypeNull}}}
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, nil) {
		s.Enum = append(slices.Clone(s.Enum), nil)
	}
	switch {
	case s.Type != nil:
		if !s.Type.Includes(openapi3.TypeNull) {
			types := append(slices.Clone(*s.Type), openapi3.TypeNull)
			s.Type = &types
		}
	case len(s.AnyOf) > 0:
		s.AnyOf = append(slices.Clone(s.AnyOf), null)
	case len(s.OneOf) > 0:
		s.OneOf = append(slices.Clone(s.OneOf), null)
	case len(s.AllOf) > 0 && len(s.Properties) == 0:
		s.AnyOf = openapi3.SchemaRefs{{Value: &openapi3.Schema{AllOf: s.AllOf, Origin: s.Origin}}, null}
		s.AllOf = nil
	}
}
