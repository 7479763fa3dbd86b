package stream

import (
	"maps"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/jsonschema"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
)

// required finds the names that a schema requires although none of its properties has them.
type required struct {
	anywhere map[string]bool // the names of the properties of the whole document
	demanded map[string]int  // how many schemas require a name without describing it
	isOwn    bool            // the schema describes an event or its data
	p        *source.Problems
}

// CompleteRequired adds properties that a schema requires but does not describe: without them
// the Go type would have no such field, and no event would pass the check.
//
// It refuses a name that is probably misspelt. Either a property of the schema has nearly the
// same name, or the event's own data requires the name and it occurs nowhere in the document.
// Large documents contain such mistakes in nested schemas, where it only warns.
func CompleteRequired(doc *openapi3.T, streams []*Stream, p *source.Problems) {
	r := &required{anywhere: map[string]bool{}, demanded: map[string]int{}, p: p}
	roots := jsonschema.InOrder(doc.Components.Schemas)
	for _, s := range streams {
		for at := range s.Schemas() {
			roots = append(roots, &openapi3.SchemaRef{Value: at.Schema})
		}
	}
	seen := map[*openapi3.Schema]bool{}
	for len(roots) > 0 {
		s := roots[len(roots)-1].Value
		roots = roots[:len(roots)-1]
		if s == nil || seen[s] {
			continue
		}
		seen[s] = true
		for name := range s.Properties {
			r.anywhere[name] = true
		}
		for _, name := range s.Required {
			if s.Properties[name] == nil {
				r.demanded[name]++
			}
		}
		roots = slices.Concat(roots, jsonschema.InPlace(s), jsonschema.OfParts(s))
	}
	for _, s := range streams {
		own := map[*openapi3.Schema]bool{}
		for _, e := range s.Events {
			if e.Data != nil {
				own[e.Data.Value] = true
			}
		}
		for _, content := range Contents(s.Operation) {
			for _, ref := range []*openapi3.SchemaRef{content.Schema, content.ItemSchema} {
				if ref != nil {
					own[ref.Value] = true
				}
			}
		}
		for at := range s.Schemas() {
			if at.root {
				r.isOwn = own[at.Schema]
				r.check(at.Name, at.Schema, nil)
			}
		}
	}
}

// check checks a schema, and recursively the schemas within it that apply to the same value.
// path holds the enclosing ones of those.
func (r *required) check(name string, s *openapi3.Schema, path []*openapi3.Schema) {
	if slices.Contains(path, s) {
		return
	}
	path = append(path[:len(path):len(path)], s)
	known := map[string]bool{}
	open := false
	for _, one := range path {
		jsonschema.EachOfValue(one, func(s *openapi3.Schema) {
			for property := range s.Properties {
				known[property] = true
			}
			open = open || len(s.PatternProperties) > 0 || IsOpen(s.AdditionalProperties) || IsOpen(s.UnevaluatedProperties)
		})
	}
	for _, property := range s.Required {
		if !known[property] && !open && len(known) > 0 {
			r.miss(name, s, property, slices.Collect(maps.Keys(known)))
		}
	}
	// A name that not or if requires is not needed.
	for _, ref := range slices.Concat(s.AllOf, s.AnyOf, s.OneOf, []*openapi3.SchemaRef{s.Then, s.Else}, jsonschema.InOrder(s.DependentSchemas)) {
		if ref == nil || ref.Value == nil {
			continue
		}
		inner := name
		if component, ok := jsonschema.ComponentName(ref.Ref); ok {
			inner = component
		}
		r.check(inner, ref.Value, path)
	}
}

// miss refuses a required property, or adds it.
func (r *required) miss(name string, s *openapi3.Schema, property string, known []string) {
	where := source.PlaceOf(name, s.Origin).Field(s.Origin, "required")
	if s.Origin != nil {
		for _, item := range s.Origin.Sequences["required"] {
			if item.Name == property {
				where.At = source.Location(item)
			}
		}
	}
	meant, misspelt := source.Nearest(property, known)
	switch {
	case misspelt:
		r.p.Add(where, "required lists %q, which is not a property: did you mean %q?", property, meant)
	case r.isOwn && !r.anywhere[property] && r.demanded[property] < 2:
		r.p.Add(where, "required lists %q, but no schema of the document has such a property: add the property, or remove the name", property)
	case len(s.Properties) > 0:
		r.p.Warn(where, "required lists %q, which is not a property: it becomes a field of any type", property)
		s.Properties = maps.Clone(s.Properties)
		s.Properties[property] = &openapi3.SchemaRef{Value: &openapi3.Schema{}}
	default:
		r.p.Warn(where, "required lists %q, which is not a property: the Go type has no field for it", property)
	}
}

// IsOpen reports whether a schema explicitly allows additional properties.
func IsOpen(a openapi3.BoolSchema) bool { return a.Schema != nil || a.Has != nil && *a.Has }
