package stream

import (
	"maps"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/jsonschema"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
)

// required looks for the names that a schema requires and that none of its properties has.
type required struct {
	anywhere map[string]bool // the names of the properties of the whole document
	demanded map[string]int  // how many schemas require a name and do not describe it
	isOwn    bool            // the schema is that of an event, or of its data
	p        *source.Problems
}

// CompleteRequired gives a schema the property that it requires and does not describe: else
// its Go type would have no field for it, and no event of it would pass. It refuses a name that
// is probably misspelt: a property of the schema has nearly the same, or the name is that of
// the event's own data and nothing in the document has it. Large documents have such slips
// further down, which a warning tells.
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

// check checks a schema within those of path, which describe the same value, and those
// within it that do.
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
	// What not and if require is no demand.
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
		r.p.Add(where, "required lists %q, and no schema of the document has such a property: add the property, or remove the name", property)
	case len(s.Properties) > 0:
		r.p.Warn(where, "required lists %q, which is not a property: it becomes a field of any type", property)
		s.Properties = maps.Clone(s.Properties)
		s.Properties[property] = &openapi3.SchemaRef{Value: &openapi3.Schema{}}
	default:
		r.p.Warn(where, "required lists %q, which is not a property: the Go type has no field for it", property)
	}
}

// IsOpen reports whether additional properties are said to be allowed.
func IsOpen(a openapi3.BoolSchema) bool { return a.Schema != nil || a.Has != nil && *a.Has }
