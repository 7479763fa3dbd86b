package jsonschema

import (
	"reflect"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// ComponentName returns the name of the schema in components/schemas that ref points to. It
// returns false for an empty or any other reference.
func ComponentName(ref string) (string, bool) {
	name, ok := strings.CutPrefix(ref, "#/components/schemas/")
	if !ok || strings.Contains(name, "/") {
		return "", false
	}
	return name, name != ""
}

// PlainRef returns the name of the schema that ref refers to. It returns false for a $ref with
// siblings, of which kin-openapi makes a new schema.
func PlainRef(named openapi3.Schemas, ref *openapi3.SchemaRef) (string, bool) {
	name, ok := ComponentName(ref.Ref)
	return name, ok && named[name] != nil && named[name].Value == ref.Value
}

// MappedSchema returns the name of the schema in a discriminator mapping, which holds a name
// or a reference (OpenAPI 3.1.0, section 4.8.25).
func MappedSchema(ref openapi3.MappingRef) string {
	if name, ok := ComponentName(ref.Ref); ok {
		return name
	}
	return ref.Ref
}

// AsPlainRef returns a reference without its siblings, if they only describe.
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
	// kin-openapi keeps the siblings of a $ref as one more member of the allOf.
	for _, beside := range ref.Value.AllOf[min(len(target.AllOf), len(ref.Value.AllOf)):] {
		if !IsEmpty(beside.Value) {
			return &openapi3.SchemaRef{Value: ref.Value}
		}
	}
	return &openapi3.SchemaRef{Ref: ref.Ref, Value: target}
}

// isCopy reports whether kin-openapi made s of target and the siblings of a reference to it.
func isCopy(s, target *openapi3.Schema) bool {
	return len(s.AllOf) >= len(target.AllOf) && s.Type == target.Type &&
		reflect.ValueOf(s.Properties).Pointer() == reflect.ValueOf(target.Properties).Pointer()
}
