package stream

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/jsonschema"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
)

// branch is one alternative of a stream's schema. It describes one event, or its data.
type branch struct {
	ref       *openapi3.SchemaRef
	component string // its name in components/schemas; empty if it is inline
	object    *jsonschema.Object

	mapped   map[string][]string // by discriminator property: the values that select the branch
	implicit map[string]bool     // the discriminator properties of the enclosing unions
	resolved map[string][]string // by discriminator property: its names, where its enum includes names of other branches
	fallback map[string]bool     // by discriminator property: the branch has the values that no other has
	within   []string            // the enclosing unions that are components
	around   *openapi3.Origin    // the origin of the enclosing union, because the loader gives an empty schema none
}

// branches returns the alternatives of a schema. It expands nested unions. A schema with a
// discriminator and no union expands to its subtypes.
func branches(doc *openapi3.T, ref *openapi3.SchemaRef) []*branch { return expand(doc, ref, nil) }

func expand(doc *openapi3.T, ref *openapi3.SchemaRef, path []*openapi3.Schema) []*branch {
	s := jsonschema.ObjectOf(ref)
	b := &branch{ref: ref, object: s, mapped: map[string][]string{}, implicit: map[string]bool{}, resolved: map[string][]string{}, fallback: map[string]bool{}}
	b.component, _ = jsonschema.ComponentName(ref.Ref)
	if len(s.Unions) == 0 && !slices.Contains(path, ref.Value) {
		if subtypes := subtypesOf(doc, ref); len(subtypes) > 0 {
			return b.expandSubtypes(doc, subtypes, path)
		}
	}
	if len(s.Unions) != 1 || slices.Contains(path, ref.Value) {
		return []*branch{b}
	}
	path = append(path[:len(path):len(path)], ref.Value)
	union, isNamed := jsonschema.ComponentName(ref.Ref)
	var all []*branch
	for _, member := range s.Unions[0].Members {
		if slices.Contains(path, member.Value) {
			continue // a union that contains itself equals its other members
		}
		inner := expand(doc, member, path)
		for _, b := range inner {
			b.around = cmp.Or(b.around, ref.Value.Origin)
			if isNamed {
				b.within = append(b.within, union)
			}
			if d := s.Unions[0].Discriminator; d != nil {
				b.discriminate(d, member, len(inner) == 1)
			}
			if len(s.Properties) > 0 {
				// The member alone is only a part of the alternative.
				b.ref = &openapi3.SchemaRef{Value: &openapi3.Schema{AllOf: openapi3.SchemaRefs{withoutUnions(ref), b.ref}, Origin: b.ref.Value.Origin}}
			}
			b.object.Join(s)
		}
		all = append(all, inner...)
	}
	return all
}

// discriminate records what a discriminator says about the branch. member is the branch in its
// union, or a union that contains the branch.
func (b *branch) discriminate(d *openapi3.Discriminator, member *openapi3.SchemaRef, alone bool) {
	if !alone {
		return // the inner union selects the branch
	}
	b.implicit[d.PropertyName] = true
	name, _ := jsonschema.ComponentName(member.Ref)
	if target, ok := d.Extensions["defaultMapping"].(string); ok && name != "" && jsonschema.MappedSchema(openapi3.MappingRef{Ref: target}) == name {
		b.fallback[d.PropertyName] = true // OpenAPI 3.2, section 4.25
	}
	for value, ref := range d.Mapping {
		if target := jsonschema.MappedSchema(ref); target == name && name != "" {
			b.mapped[d.PropertyName] = append(b.mapped[d.PropertyName], value)
		}
	}
	slices.Sort(b.mapped[d.PropertyName])
}

// withoutUnions returns a schema without its unions, at all levels of its allOf.
func withoutUnions(ref *openapi3.SchemaRef) *openapi3.SchemaRef {
	if len(jsonschema.ObjectOf(ref).Unions) == 0 {
		return ref
	}
	s := *ref.Value
	s.OneOf, s.AnyOf, s.Discriminator = nil, nil, nil
	s.AllOf = nil
	for _, member := range ref.Value.AllOf {
		s.AllOf = append(s.AllOf, withoutUnions(member))
	}
	return &openapi3.SchemaRef{Value: &s}
}

// names returns the strings that a property of the branch can have, by its const or enum, or
// else by the discriminators. It returns false if nothing restricts the property. It returns
// true without names if the descriptions of the property contradict each other.
func (b *branch) names(property string) (names []string, bound bool) {
	values, bound := jsonschema.BoundTo(b.object.Properties[property])
	switch {
	case b.resolved[property] != nil:
		return b.resolved[property], true
	case bound:
		return TextsOf(values), true
	case len(b.mapped[property]) > 0:
		return b.mapped[property], true
	case b.implicit[property] && b.component != "" && !b.fallback[property]:
		return []string{b.component}, true
	}
	return nil, false
}

// TextsOf returns the strings among values.
func TextsOf(values []any) (all []string) {
	for _, v := range values {
		if text, ok := v.(string); ok {
			all = append(all, text)
		}
	}
	return all
}

// BoundNames returns the strings that a property of data can have, over all alternatives of
// its schema. It returns false if an alternative does not restrict the property to strings.
func BoundNames(ref *openapi3.SchemaRef, property string) (names []string, bound bool) {
	for _, b := range expand(nil, ref, nil) {
		own, bound := b.names(property)
		if !bound || len(own) == 0 {
			return nil, false
		}
		names = append(names, own...)
	}
	slices.Sort(names)
	return slices.Compact(names), true
}

// where returns the place of the branch.
func (b *branch) where(id string, i int) source.Place {
	name := b.component
	if name == "" {
		name = fmt.Sprintf("event %d of %s", i+1, id)
		if names, _ := b.names(b.style().event); len(names) == 1 && names[0] != "" {
			name = fmt.Sprintf("the event %q of %s", names[0], id)
		}
	}
	return source.PlaceOf(name, cmp.Or(b.ref.Value.Origin, b.around))
}
