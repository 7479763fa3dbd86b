// Package check writes the schemas of the events' data as the Go values that generated code
// checks data by, and says what is not checked.
package check

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/document"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/jsonschema"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
)

// Schemas are the schemas that the generated code checks data by, by their names in the
// spec. The data of an event that has no name there has one of its own.
type Schemas struct {
	doc    *openapi3.T
	byName map[string]*openapi3.Schema
	names  map[*openapi3.Schema]string // of those in all
	seen   map[*openapi3.Schema]string // the names that they stand in
	loose  map[*openapi3.Schema]bool   // those with a part that is not checked
	is30   bool                        // nullable and exclusiveMinimum: true mean something
	exact  *document.Numbers
	p      *source.Problems
}

// New returns schemas without any, for data that a document describes.
func New(doc *openapi3.T, x *document.Numbers, p *source.Problems) *Schemas {
	return &Schemas{
		doc: doc, byName: map[string]*openapi3.Schema{}, names: map[*openapi3.Schema]string{},
		seen: map[*openapi3.Schema]string{}, loose: map[*openapi3.Schema]bool{},
		is30: !doc.IsOpenAPI31OrLater(), exact: x, p: p,
	}
}

// Add takes in the schema of an event's data, under name if it has none, and returns its
// name; empty if there is nothing to check.
func (all *Schemas) Add(ref *openapi3.SchemaRef, name string) string {
	if ref == nil {
		return ""
	}
	all.checkSiblings(name, ref)
	if plain, ok := jsonschema.PlainRef(all.doc.Components.Schemas, ref); ok {
		all.addComponent(plain)
		return plain
	}
	all.addNamed(name, ref.Value)
	return name
}

func (all *Schemas) addComponent(name string) {
	if all.byName[name] == nil {
		all.addNamed(name, all.doc.Components.Schemas[name].Value)
	}
}

func (all *Schemas) addNamed(name string, s *openapi3.Schema) {
	all.byName[name] = s
	all.names[s] = name
	all.read(name, s, nil)
}

// read reads a schema that stands in the one called name, within the schemas of path. One
// that contains itself without being a component gets a name.
func (all *Schemas) read(name string, s *openapi3.Schema, path []*openapi3.Schema) {
	if slices.Contains(path, s) && all.names[s] == "" {
		all.names[s] = fmt.Sprintf("%s.%d", name, len(all.names))
		all.byName[all.names[s]] = s
	}
	if _, ok := all.seen[s]; ok {
		return
	}
	all.seen[s] = name
	all.checkKeywords(name, s)
	path = append(path[:len(path):len(path)], s)
	for _, ref := range children(s) {
		all.checkSiblings(name, ref)
		if target, ok := jsonschema.PlainRef(all.doc.Components.Schemas, ref); ok {
			all.addComponent(target)
		} else if ref.Value != nil {
			all.read(name, ref.Value, path)
		}
	}
}

// children returns the schemas within a schema that are checked, in an order that is always
// the same.
func children(s *openapi3.Schema) []*openapi3.SchemaRef {
	return slices.DeleteFunc(append(jsonschema.InPlace(s), jsonschema.OfParts(s)...), func(ref *openapi3.SchemaRef) bool {
		return ref == s.ContentSchema // what a text holds is not checked
	})
}

// unchecked are the keywords that constrain data and are not checked, with what to do. The
// others describe, or are annotations, as format is.
var unchecked = map[string]string{
	"$dynamicRef":     "use $ref",
	"$recursiveRef":   "it belongs to an older JSON Schema; use $ref",
	"additionalItems": "it belongs to an older JSON Schema; use items beside prefixItems",
	"dependencies":    "it belongs to an older JSON Schema; use dependentRequired or dependentSchemas",
}

// checkKeywords warns of the keywords of JSON Schema that constrain data and are not
// checked, and refuses those that have no meaning.
func (all *Schemas) checkKeywords(name string, s *openapi3.Schema) {
	where := source.PlaceOf(name, s.Origin)
	for _, keyword := range slices.Sorted(maps.Keys(unchecked)) {
		if s.Extensions[keyword] != nil || keyword == "$dynamicRef" && s.DynamicRef != "" {
			all.warnUnchecked(s, where.Field(s.Origin, keyword), "%s is not checked: %s", keyword, unchecked[keyword])
		}
	}
	if s.Nullable && !all.is30 {
		all.p.Warn(where.Field(s.Origin, "nullable"), "nullable is a keyword of OpenAPI 3.0: it is read as the type 'null' beside the others")
	}
	if _, err := goPattern(s.Pattern); err != nil {
		all.warnUnchecked(s, where.Field(s.Origin, "pattern"), "pattern is not checked: %v", err)
	}
	for _, pattern := range slices.Sorted(maps.Keys(s.PatternProperties)) {
		if _, err := goPattern(pattern); err != nil {
			all.warnUnchecked(s, where.Within(s.Origin, "patternProperties", pattern), "%q of patternProperties is not checked, and neither are the properties that no other keyword names: %v", pattern, err)
		}
	}
	for _, value := range append(slices.Clone(s.Enum), s.Const) {
		if _, err := json.Marshal(value); err != nil {
			all.p.Add(where, "enum or const has a value that is not JSON: %v", value)
		}
	}
	values := map[string]any{"const": s.Const, "enum": s.Enum}
	for _, keyword := range slices.Sorted(maps.Keys(values)) {
		if _, found := all.exact.Values(s, keyword, values[keyword]); !found {
			all.p.Warn(where.Field(s.Origin, keyword), "%s has a number beyond 2^53, which may be rounded: eventgen does not find it in the text of the document", keyword)
		}
	}
	for _, b := range numbers(s) {
		text, found := all.exact.Bound(s, b.keyword, b.is)
		switch {
		case b.keyword == "multipleOf" && b.is <= 0:
			all.p.Add(where.Field(s.Origin, b.keyword), "multipleOf is %s: it must be more than 0", text)
		case !found && math.Abs(b.is) >= 1<<53:
			all.p.Warn(where.Field(s.Origin, b.keyword), "%s is checked as %s, which may be rounded: eventgen does not find it in the text of the document", b.keyword, text)
		}
	}
}

// checkSiblings warns of what stands beside a reference, constrains data and is not checked:
// before OpenAPI 3.1, it means nothing (OpenAPI 3.0.3, section 4.7.23), and kin-openapi drops
// what it takes for nothing, as a not of the schema true.
func (all *Schemas) checkSiblings(name string, ref *openapi3.SchemaRef) {
	if ref.Ref == "" || ref.Value == nil || ref.Origin == nil {
		return
	}
	if of := ref.Value.AllOf; len(of) > 0 && of[len(of)-1].Value != nil && of[len(of)-1].Value.Origin == ref.Origin {
		return // it is kept
	}
	for _, field := range ref.Origin.Fields {
		at := source.PlaceOf(name, ref.Origin).Field(ref.Origin, field.Name)
		switch {
		case !jsonschema.Constrains(field.Name):
		case all.is30:
			all.p.Warn(at, "%s means nothing beside a $ref before OpenAPI 3.1: put both into an allOf", field.Name)
		default:
			all.warnUnchecked(ref.Value, at, "%s is not checked beside this $ref: put both into an allOf", field.Name)
		}
	}
}

// warnUnchecked records that a part of a schema is not checked.
func (all *Schemas) warnUnchecked(s *openapi3.Schema, where source.Place, format string, args ...any) {
	all.loose[s] = true
	all.p.Warn(where, format, args...)
}

// isLoose reports whether a schema, or one within it, has a part that is not checked. Then
// data that does not fit may pass.
func (all *Schemas) isLoose(ref *openapi3.SchemaRef) bool {
	seen := map[*openapi3.Schema]bool{}
	var visit func(ref *openapi3.SchemaRef) bool
	visit = func(ref *openapi3.SchemaRef) bool {
		if ref == nil || ref.Value == nil || seen[ref.Value] {
			return false
		}
		seen[ref.Value] = true
		return all.loose[ref.Value] || slices.ContainsFunc(children(ref.Value), visit)
	}
	return len(all.loose) > 0 && visit(ref)
}

// bound is a number that limits numbers.
type bound struct {
	keyword string
	is      float64
}

// numbers returns the bounds of a schema.
func numbers(s *openapi3.Schema) (all []bound) {
	for _, b := range []struct {
		keyword string
		is      *float64
	}{{"exclusiveMaximum", s.ExclusiveMax.Value}, {"exclusiveMinimum", s.ExclusiveMin.Value}, {"maximum", s.Max}, {"minimum", s.Min}, {"multipleOf", s.MultipleOf}} {
		if b.is != nil {
			all = append(all, bound{b.keyword, *b.is})
		}
	}
	return all
}

// WarnOfNumbers warns of the first number without a format in the data of the events.
func (all *Schemas) WarnOfNumbers() {
	var first source.Place
	found := false
	for s, name := range all.seen {
		if s.Type == nil || !s.Type.Includes(openapi3.TypeNumber) || s.Format != "" {
			continue
		}
		if at := source.PlaceOf(name, s.Origin); !found || at.Compare(first) < 0 {
			first, found = at, true
		}
	}
	if found {
		all.p.Warn(first, "a number without a format becomes a float32, which keeps 7 digits: add format: double, or type-mapping: {number: {default: {type: float64}}} to output-options")
	}
}
