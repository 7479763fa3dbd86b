package jsonschema

import (
	"reflect"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// ComponentName returns the name of the schema in components/schemas that ref points to. It
// is false for any other reference, and for none.
func ComponentName(ref string) (string, bool) {
	name, ok := strings.CutPrefix(ref, "#/components/schemas/")
	if !ok || strings.Contains(name, "/") {
		return "", false
	}
	return name, name != ""
}

// PlainRef returns the name of the schema that ref is nothing but a reference to. Where
// something stands beside a $ref, kin-openapi has made another schema of both.
func PlainRef(named openapi3.Schemas, ref *openapi3.SchemaRef) (string, bool) {
	name, ok := ComponentName(ref.Ref)
	return name, ok && named[name] != nil && named[name].Value == ref.Value
}

// MappedSchema returns the name of the schema that a discriminator mapping has: it is a
// name or a reference (OpenAPI 3.1.0, section 4.8.25).
func MappedSchema(ref openapi3.MappingRef) string {
	if name, ok := ComponentName(ref.Ref); ok {
		return name
	}
	return ref.Ref
}

// AsPlainRef returns a reference without what stands beside it, if that only describes.
func AsPlainRef(doc *openapi3.T, ref *openapi3.SchemaRef) *openapi3.SchemaRef {
	name, ok := ComponentName(ref.Ref)
	if !ok || doc.Components.Schemas[name] == nil {
		return ref
	}
	target := doc.Components.Schemas[name].Value
	if ref.Value == target {
		return ref
	}
	if !isCopy(ref.Value, target) {
		return ref // a schema of the same name in another document
	}
	// kin-openapi keeps what stands beside a $ref as one more member of the main.allOf.
	for _, beside := range ref.Value.AllOf[min(len(target.AllOf), len(ref.Value.AllOf)):] {
		if !IsEmpty(beside.Value) {
			return &openapi3.SchemaRef{Value: ref.Value}
		}
	}
	return &openapi3.SchemaRef{Ref: ref.Ref, Value: target}
}

// isCopy reports whether kin-openapi has made a schema of another one and what stands
// beside a reference to it.
func isCopy(s, target *openapi3.Schema) bool {
	return len(s.AllOf) >= len(target.AllOf) && s.Type == target.Type &&
		reflect.ValueOf(s.Properties).Pointer() == reflect.ValueOf(target.Properties).Pointer()
}
