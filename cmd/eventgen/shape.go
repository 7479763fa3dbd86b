package main

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// shape is what a schema says of objects, at all levels of its allOf together.
type shape struct {
	properties map[string][]*openapi3.SchemaRef // every description of each property
	required   map[string]bool
	unions     []union
	components []string // the schemas of components/schemas that it is made of
}

// union is a oneOf or an anyOf.
type union struct {
	members       openapi3.SchemaRefs
	discriminator *openapi3.Discriminator
}

func shapeOf(ref *openapi3.SchemaRef) *shape {
	s := &shape{properties: map[string][]*openapi3.SchemaRef{}, required: map[string]bool{}}
	s.add(ref, map[*openapi3.Schema]bool{})
	return s
}

// add adds a schema and the members of its allOf, each once: a schema may contain itself.
func (s *shape) add(ref *openapi3.SchemaRef, seen map[*openapi3.Schema]bool) {
	if ref == nil || ref.Value == nil || seen[ref.Value] {
		return
	}
	v := ref.Value
	seen[v] = true
	if name, ok := schemaName(ref.Ref); ok {
		s.components = append(s.components, name)
	}
	for name, property := range v.Properties {
		s.properties[name] = append(s.properties[name], property)
	}
	for _, name := range v.Required {
		s.required[name] = true
	}
	for _, members := range []openapi3.SchemaRefs{v.OneOf, v.AnyOf} {
		if members = slices.DeleteFunc(slices.Clone(members), isNull); len(members) > 0 {
			s.unions = append(s.unions, union{members, v.Discriminator})
		}
	}
	for _, member := range v.AllOf {
		s.add(member, seen)
	}
}

// merge adds what stands beside a union to one of its members.
func (s *shape) merge(beside *shape) {
	for name, refs := range beside.properties {
		// What the member says comes last, as in an allOf.
		s.properties[name] = append(slices.Clone(refs), s.properties[name]...)
	}
	for name := range beside.required {
		s.required[name] = true
	}
	s.components = append(s.components, beside.components...)
}

// isNull reports whether a schema takes nothing but null.
func isNull(ref *openapi3.SchemaRef) bool {
	return ref.Value == nil || ref.Value.Type.Is(openapi3.TypeNull)
}

// eachOfAll calls f for a schema and for every member of its allOf, and of theirs, each
// once.
func eachOfAll(s *openapi3.Schema, f func(*openapi3.Schema)) {
	seen := map[*openapi3.Schema]bool{}
	var each func(s *openapi3.Schema)
	each = func(s *openapi3.Schema) {
		if s == nil || seen[s] {
			return
		}
		seen[s] = true
		f(s)
		for _, member := range s.AllOf {
			each(member.Value)
		}
	}
	each(s)
}

// eachOfAllRefs calls f for a reference and for those in the allOf that it leads to, down to
// the first component.
func eachOfAllRefs(ref *openapi3.SchemaRef, f func(*openapi3.SchemaRef)) {
	f(ref)
	if ref.Ref == "" {
		for _, member := range ref.Value.AllOf {
			eachOfAllRefs(member, f)
		}
	}
}

// allowsNull reports whether a schema says that data can be null, and not only that it can
// be anything.
func allowsNull(ref *openapi3.SchemaRef, is30 bool) bool {
	s := ref.Value
	switch {
	case is30 && s.Nullable:
		return true // also beside an allOf: documents mean it so
	case s.Type != nil:
		return s.Type.Includes(openapi3.TypeNull)
	case s.Const != nil || len(s.Enum) > 0:
		return slices.Contains(s.Enum, nil)
	}
	allows := func(ref *openapi3.SchemaRef) bool { return isNull(ref) || allowsNull(ref, is30) }
	if members := slices.Concat(s.OneOf, s.AnyOf); len(members) > 0 {
		return slices.ContainsFunc(members, allows)
	}
	return len(s.AllOf) > 0 && !slices.ContainsFunc(s.AllOf, func(member *openapi3.SchemaRef) bool { return !allows(member) && !isEmpty(member.Value) }) &&
		slices.ContainsFunc(s.AllOf, allows)
}

// boundTo returns the values to which all these descriptions of a property together bind
// it, by const, by enum, or by a oneOf or anyOf of them. It is false if it is free.
func boundTo(refs []*openapi3.SchemaRef) (values []any, bound bool) {
	for _, ref := range refs {
		eachOfAll(ref.Value, func(s *openapi3.Schema) {
			set, ok := ownValues(s)
			switch {
			case !ok:
			case !bound:
				values, bound = set, true
			default:
				values = slices.DeleteFunc(slices.Clone(values), func(v any) bool { return !containsValue(set, v) })
			}
		})
	}
	return values, bound
}

// ownValues returns the values to which one schema binds data, without its allOf.
func ownValues(s *openapi3.Schema) (values []any, bound bool) {
	switch {
	case s.Const != nil:
		return []any{s.Const}, true
	case len(s.Enum) > 0:
		return slices.DeleteFunc(slices.Clone(s.Enum), func(v any) bool { return v == nil }), true
	}
	for _, members := range []openapi3.SchemaRefs{s.OneOf, s.AnyOf} {
		for _, member := range members {
			if isNull(member) {
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

func containsValue(values []any, value any) bool {
	return slices.ContainsFunc(values, func(v any) bool { return sameValue(v, value) })
}

// sameValue reports whether two values are the same JSON.
func sameValue(a, b any) bool {
	if text, ok := a.(string); ok {
		other, ok := b.(string)
		return ok && text == other
	}
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// typesOf returns the types that a schema allows, by the first level of its allOf that
// says it.
func typesOf(s *openapi3.Schema) (types []string) {
	eachOfAll(s, func(s *openapi3.Schema) {
		if types == nil && s.Type != nil {
			types = s.Type.Slice()
			if s.Nullable && !slices.Contains(types, openapi3.TypeNull) {
				types = append(slices.Clone(types), openapi3.TypeNull)
			}
		}
	})
	return types
}

// isAnything reports whether a schema allows all data.
func isAnything(s *openapi3.Schema) bool { return s.Type == nil && isEmpty(s) }

// isEmpty reports whether a schema says nothing of data but its type.
func isEmpty(s *openapi3.Schema) bool {
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
