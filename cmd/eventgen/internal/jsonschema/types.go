package jsonschema

import (
	"encoding/json"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// IsNull reports whether a schema allows only null.
func IsNull(ref *openapi3.SchemaRef) bool {
	return ref.Value == nil || ref.Value.Type.Is(openapi3.TypeNull)
}

// AllowsNull reports whether a schema explicitly allows null. A schema that allows anything
// does not.
func AllowsNull(ref *openapi3.SchemaRef, is30 bool) bool {
	s := ref.Value
	switch {
	case is30 && s.Nullable:
		return true // also beside an allOf, although the standard says otherwise
	case s.Type != nil:
		return s.Type.Includes(openapi3.TypeNull)
	case s.Const != nil || len(s.Enum) > 0:
		return slices.Contains(s.Enum, nil)
	}
	allows := func(ref *openapi3.SchemaRef) bool { return IsNull(ref) || AllowsNull(ref, is30) }
	if members := slices.Concat(s.OneOf, s.AnyOf); len(members) > 0 {
		return slices.ContainsFunc(members, allows)
	}
	return len(s.AllOf) > 0 && !slices.ContainsFunc(s.AllOf, func(member *openapi3.SchemaRef) bool { return !allows(member) && !IsEmpty(member.Value) }) &&
		slices.ContainsFunc(s.AllOf, allows)
}

// TypesOf returns the types that a schema allows, from the first schema of its allOf tree that
// states types.
func TypesOf(s *openapi3.Schema) (types []string) {
	EachOfAll(s, func(s *openapi3.Schema) {
		if types == nil && s.Type != nil {
			types = s.Type.Slice()
			if s.Nullable && !slices.Contains(types, openapi3.TypeNull) {
				types = append(slices.Clone(types), openapi3.TypeNull)
			}
		}
	})
	return types
}

// IsAnything reports whether a schema allows all data.
func IsAnything(s *openapi3.Schema) bool { return s.Type == nil && IsEmpty(s) }

// IsEmpty reports whether a schema constrains nothing except the type.
func IsEmpty(s *openapi3.Schema) bool {
	rest := *s
	rest.Type, rest.Description, rest.Title, rest.Example, rest.Examples, rest.Extensions, rest.Origin, rest.Deprecated = nil, "", "", nil, nil, nil, nil, false
	if rest.Always != nil && *rest.Always {
		rest.Always = nil
	}
	if rest.AdditionalProperties.Has != nil && *rest.AdditionalProperties.Has {
		rest.AdditionalProperties = openapi3.AdditionalProperties{}
	}
	text, err := json.Marshal(&rest)
	return err == nil && string(text) == "{}"
}
