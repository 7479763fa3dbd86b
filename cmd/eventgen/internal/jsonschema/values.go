package jsonschema

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// BoundTo returns the values that all these descriptions of a property together allow, by
// const, enum, or a oneOf or anyOf of those. It returns false if the property is not
// restricted to values.
func BoundTo(refs []*openapi3.SchemaRef) (values []any, bound bool) {
	for _, ref := range refs {
		EachOfAll(ref.Value, func(s *openapi3.Schema) {
			set, ok := ownValues(s)
			switch {
			case !ok:
			case !bound:
				values, bound = set, true
			default:
				values = slices.DeleteFunc(slices.Clone(values), func(v any) bool { return !ContainsValue(set, v) })
			}
		})
	}
	return values, bound
}

// ownValues returns the values that one schema allows, without its allOf.
func ownValues(s *openapi3.Schema) (values []any, bound bool) {
	switch {
	case s.Const != nil:
		return []any{s.Const}, true
	case len(s.Enum) > 0:
		return slices.DeleteFunc(slices.Clone(s.Enum), func(v any) bool { return v == nil }), true
	}
	for _, members := range []openapi3.SchemaRefs{s.OneOf, s.AnyOf} {
		for _, member := range members {
			if IsNull(member) {
				continue
			}
			more, ok := ownValues(member.Value)
			if !ok {
				return nil, false
			}
			values, bound = append(values, more...), true
		}
	}
	return values, bound
}

// ContainsValue reports whether values contains value.
func ContainsValue(values []any, value any) bool {
	return slices.ContainsFunc(values, func(v any) bool { return SameValue(v, value) })
}

// SameValue reports whether two values are the same JSON.
func SameValue(a, b any) bool {
	if text, ok := a.(string); ok {
		other, ok := b.(string)
		return ok && text == other
	}
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}
