package oapi

import (
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/document"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/jsonschema"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/stream"
)

// adapt rewrites the schemas that oapi-codegen rejects or for which it makes no Go type.
func adapt(doc *openapi3.T) {
	document.EachSchema(doc, func(s *openapi3.Schema) {
		typeValues(s)
		widenBytes(s)
		splitTypes(s)
		openTuple(s)
		nameOddProperties(s)
		nameEntries(s)
		joinUnions(s)
	})
	document.EachSchema(doc, levelAllOf)
	forgetPlaces(doc)
}

// forgetPlaces removes the places of all schemas, because oapi-codegen considers two schemas
// different if only their places differ.
func forgetPlaces(doc *openapi3.T) {
	document.EachPart(doc, func(part any) {
		switch part := part.(type) {
		case *openapi3.Schema:
			part.Origin = nil
		case *openapi3.SchemaRef:
			part.Origin = nil
		}
	})
}

// nameEntries renames a property whose field would have the name of the field in which
// oapi-codegen keeps the additional properties.
func nameEntries(s *openapi3.Schema) {
	if s.AdditionalProperties.Schema == nil && (s.AdditionalProperties.Has == nil || !*s.AdditionalProperties.Has) {
		return
	}
	const field = "AdditionalProperties"
	for name, ref := range s.Properties {
		if ref != nil && ref.Value != nil && codegen.SchemaNameToTypeName(name) == field && ref.Extensions["x-go-name"] == nil {
			named := *ref
			named.Extensions = jsonschema.WithGoName(named.Extensions, field+"2")
			s.Properties[name] = &named
		}
	}
}

// joinUnions merges an anyOf and a oneOf of one schema, and keeps each component once, because
// oapi-codegen makes methods for each member.
func joinUnions(s *openapi3.Schema) {
	both := len(s.AnyOf) > 0 && len(s.OneOf) > 0
	if both {
		s.AnyOf, s.OneOf = slices.Concat(s.AnyOf, s.OneOf), nil
	}
	s.AnyOf, s.OneOf = withoutRepeats(s.AnyOf), withoutRepeats(s.OneOf)
}

// withoutRepeats returns the members of a union without repeated references.
func withoutRepeats(members openapi3.SchemaRefs) openapi3.SchemaRefs {
	seen := map[string]bool{}
	isRepeat := func(ref *openapi3.SchemaRef) bool {
		if ref == nil || ref.Ref == "" || !seen[ref.Ref] {
			if ref != nil {
				seen[ref.Ref] = true
			}
			return false
		}
		return true
	}
	return slices.DeleteFunc(slices.Clone(members), isRepeat)
}

// NameOddSchemas names the components whose types would have no valid Go name in oapi-codegen.
func NameOddSchemas(doc *openapi3.T) {
	for name, ref := range doc.Components.Schemas {
		if ref.Ref == "" && ref.Value != nil && hasNoGoName(name) && ref.Value.Extensions[jsonschema.GoNameExtension] == nil {
			ref.Value.Extensions = jsonschema.WithGoName(ref.Value.Extensions, "X"+GoWord(name))
			keepFields(doc, ref.Value)
		}
	}
}

// typeValues adds the type string to a schema whose const or enum has only strings. Without a
// type, oapi-codegen makes an interface{}.
func typeValues(s *openapi3.Schema) {
	values, bound := s.Enum, len(s.Enum) > 0
	if s.Const != nil {
		values, bound = []any{s.Const}, true
	}
	if !bound || s.Type != nil || len(s.OneOf)+len(s.AnyOf)+len(s.AllOf) > 0 || len(stream.TextsOf(values)) < len(values) {
		return
	}
	s.Type = &openapi3.Types{openapi3.TypeString}
}

// openTuple gives an array with prefixItems items of any type: oapi-codegen ignores
// prefixItems.
func openTuple(s *openapi3.Schema) {
	if len(s.PrefixItems) > 0 {
		s.PrefixItems, s.Items = nil, &openapi3.SchemaRef{Value: &openapi3.Schema{}}
	}
}

// splitTypes replaces several types by one, or by a union.
func splitTypes(s *openapi3.Schema) {
	if s.Type == nil {
		return
	}
	types := slices.DeleteFunc(slices.Clone(s.Type.Slice()), func(t string) bool { return t == openapi3.TypeNull })
	if len(types) < 2 {
		return
	}
	null := len(types) < len(s.Type.Slice())
	if number := WrittenAs(types, s.Format); number != "" {
		s.Type = &openapi3.Types{number}
		if null {
			s.Type = &openapi3.Types{number, openapi3.TypeNull}
		}
		s.Pattern = ""
		return
	}
	if len(s.OneOf)+len(s.AnyOf)+len(s.AllOf)+len(s.Enum) > 0 || s.Const != nil {
		s.Type = nil // a union restricted to some alternatives; Go has no type for it
		return
	}
	description, title, extensions, origin := s.Description, s.Title, s.Extensions, s.Origin
	inner := *s
	inner.Description, inner.Title, inner.Extensions, inner.Default = "", "", nil, nil
	*s = openapi3.Schema{Description: description, Title: title, Extensions: extensions, Origin: origin}
	for _, t := range types {
		one := inner
		one.Type = &openapi3.Types{t}
		if t != openapi3.TypeObject {
			one.Properties, one.Required, one.AdditionalProperties = nil, nil, openapi3.AdditionalProperties{}
		}
		if t != openapi3.TypeArray {
			one.Items = nil
		}
		s.AnyOf = append(s.AnyOf, &openapi3.SchemaRef{Value: &one})
	}
	if null {
		s.AnyOf = append(s.AnyOf, &openapi3.SchemaRef{Value: &openapi3.Schema{Type: &openapi3.Types{openapi3.TypeNull}}})
	}
}

// WrittenAs returns the numeric type of a schema in which .NET allows a string beside a
// number. .NET reads both, but writes numbers.
func WrittenAs(types []string, format string) string {
	numbers := slices.DeleteFunc(slices.Clone(types), func(t string) bool { return t == openapi3.TypeString })
	if len(types) != 2 || len(numbers) != 1 {
		return ""
	}
	switch {
	case numbers[0] == openapi3.TypeInteger && slices.Contains([]string{"int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"}, format),
		numbers[0] == openapi3.TypeNumber && slices.Contains([]string{"float", "double", "decimal"}, format):
		return numbers[0]
	}
	return ""
}

// nameOddProperties names the properties whose fields would have no valid Go name in
// oapi-codegen.
func nameOddProperties(s *openapi3.Schema) {
	for name, ref := range s.Properties {
		if hasNoGoName(name) && ref != nil && ref.Extensions[jsonschema.GoNameExtension] == nil && (ref.Value == nil || ref.Value.Extensions[jsonschema.GoNameExtension] == nil) {
			named := *ref
			named.Extensions = jsonschema.WithGoName(named.Extensions, SpellNoCase(name))
			s.Properties[name] = &named
		}
	}
}
