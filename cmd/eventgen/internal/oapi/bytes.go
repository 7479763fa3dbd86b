package oapi

import (
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// widenBytes gives the items of an array that would be bytes a wider Go type: encoding/json
// writes a []uint8 as text in base64, which the schema of an array refuses.
func widenBytes(s *openapi3.Schema) {
	if s.Items == nil || s.Items.Extensions["x-go-type"] != nil || !isByte(s.Items, 10) {
		return
	}
	wider := *s.Items.Value
	wider.Type, wider.Format, wider.AllOf = &openapi3.Types{openapi3.TypeInteger}, "uint16", nil
	s.Items = &openapi3.SchemaRef{Value: &wider}
}

// isByte reports whether a schema, which has at most depth levels of allOf, becomes a uint8.
func isByte(ref *openapi3.SchemaRef, depth int) bool {
	if ref == nil || ref.Value == nil || depth == 0 || ref.Value.Extensions["x-go-type"] != nil {
		return false
	}
	s := ref.Value
	return s.Format == "uint8" && s.Type.Is(openapi3.TypeInteger) ||
		slices.ContainsFunc(s.AllOf, func(ref *openapi3.SchemaRef) bool { return isByte(ref, depth-1) })
}
