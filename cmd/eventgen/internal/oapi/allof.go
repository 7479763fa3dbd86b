package oapi

import (
	"maps"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/jsonschema"
)

// levelAllOf makes the members of an allOf equal in what oapi-codegen cannot merge: narrowed
// or missing types, formats, defaults, additional properties. It copies the members, because
// others may refer to the originals.
func levelAllOf(s *openapi3.Schema) {
	if len(s.AllOf) == 0 {
		return
	}
	var all []*openapi3.Schema
	jsonschema.EachOfAll(s, func(one *openapi3.Schema) { all = append(all, one) })
	l := leveller{}
	if !l.look(all) {
		return
	}
	own := *s
	l.level(&own)
	l.members(&own, []*openapi3.Schema{s})
	*s = own
}

// leveller knows in which respects the schemas of one allOf differ.
type leveller struct {
	types       *openapi3.Types // the types that all members allow
	format      string
	hasEntries  bool // a schema with additional properties was seen
	manyEntries bool // several schemas have additional properties
}

// look reports whether the schemas differ in what cannot be merged.
func (l *leveller) look(all []*openapi3.Schema) (differ bool) {
	formats, defaults, discriminators, entries := map[string]bool{}, 0, 0, 0
	first := all[0]
	var common []string
	for _, s := range all {
		formats[s.Format] = true
		if s.Default != nil {
			defaults++
		}
		if s.Discriminator != nil {
			discriminators++
		}
		if s.AdditionalProperties.Schema != nil {
			entries++
		}
		differ = differ || s.UniqueItems != first.UniqueItems || s.ReadOnly != first.ReadOnly || s.WriteOnly != first.WriteOnly || s.AllowEmptyValue != first.AllowEmptyValue ||
			s.ExclusiveMin != first.ExclusiveMin || s.ExclusiveMax != first.ExclusiveMax
		if s.Type == nil {
			continue
		}
		if common == nil {
			common = s.Type.Slice()
			continue
		}
		narrowed := slices.DeleteFunc(slices.Clone(common), func(t string) bool { return !s.Type.Includes(t) })
		differ = differ || len(narrowed) < len(common) || len(narrowed) < len(s.Type.Slice())
		common = narrowed
	}
	if len(common) > 0 {
		l.types = (*openapi3.Types)(&common)
	}
	delete(formats, "")
	if len(formats) == 1 {
		l.format = slices.Sorted(maps.Keys(formats))[0]
	}
	l.manyEntries = entries > 1
	return differ || len(formats) > 0 || defaults > 1 || discriminators > 1 || l.manyEntries
}

// level makes one schema like the others.
func (l *leveller) level(s *openapi3.Schema) {
	if l.types != nil {
		s.Type = l.types
	}
	s.Format, s.Default, s.Discriminator = l.format, nil, nil
	s.UniqueItems, s.ReadOnly, s.WriteOnly, s.AllowEmptyValue = false, false, false, false
	s.ExclusiveMin, s.ExclusiveMax = openapi3.ExclusiveBound{}, openapi3.ExclusiveBound{}
	if l.manyEntries && s.AdditionalProperties.Schema != nil {
		s.AdditionalProperties = openapi3.AdditionalProperties{}
		if !l.hasEntries {
			s.AdditionalProperties.Schema = &openapi3.SchemaRef{Value: &openapi3.Schema{}}
			l.hasEntries = true
		}
	}
}

// members replaces the members of an allOf, recursively, by levelled copies.
func (l *leveller) members(s *openapi3.Schema, path []*openapi3.Schema) {
	s.AllOf = slices.Clone(s.AllOf)
	for i, member := range s.AllOf {
		if member.Value == nil || slices.Contains(path, member.Value) {
			continue
		}
		inner := *member.Value
		l.level(&inner)
		l.members(&inner, append(path[:len(path):len(path)], member.Value))
		s.AllOf[i] = &openapi3.SchemaRef{Ref: member.Ref, Value: &inner, Extensions: member.Extensions}
	}
}
