// Package check writes the schemas of the events' data as Go values, with which generated code
// checks data. It warns of constraints that generated code does not check.
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

// Schemas collects the schemas that generated code checks data with, by their names in the
// spec. Data whose schema has no name there gets a name of its own.
type Schemas struct {
	doc    *openapi3.T
	byName map[string]*openapi3.Schema
	names  map[*openapi3.Schema]string // the names of the schemas in byName
	seen   map[*openapi3.Schema]string // the schemas already read, and the name of the one that contains each
	loose  map[*openapi3.Schema]bool   // the schemas with a part that is not checked
	is30   bool                        // OpenAPI 3.0: nullable and boolean exclusive limits have a meaning
	exact  *document.Numbers
	p      *source.Problems
}

// New returns an empty collection for the data that a document describes.
func New(doc *openapi3.T, x *document.Numbers, p *source.Problems) *Schemas {
	return &Schemas{
		doc: doc, byName: map[string]*openapi3.Schema{}, names: map[*openapi3.Schema]string{},
		seen: map[*openapi3.Schema]string{}, loose: map[*openapi3.Schema]bool{},
		is30: !doc.IsOpenAPI31OrLater(), exact: x, p: p,
	}
}

// Add adds the schema of an event's data, called name if it has no name in the spec. It
// returns the schema's name, or an empty string if there is no schema.
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

// read reads a schema that the one called name contains. path holds the schemas around it. A
// schema that contains itself without being a component gets a name.
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

// children returns the checked schemas within a schema, in a fixed order.
func children(s *openapi3.Schema) []*openapi3.SchemaRef {
	return slices.DeleteFunc(append(jsonschema.InPlace(s), jsonschema.OfParts(s)...), func(ref *openapi3.SchemaRef) bool {
		return ref == s.ContentSchema // the content of a text is not checked
	})
}

// unchecked lists the keywords that constrain data but are not checked, with advice. Other
// unknown keywords describe data or are annotations, as format is.
var unchecked = map[string]string{
	"$dynamicRef":     "use $ref",
	"$recursiveRef":   "it belongs to an older JSON Schema; use $ref",
	"additionalItems": "it belongs to an older JSON Schema; use items beside prefixItems",
	"dependencies":    "it belongs to an older JSON Schema; use dependentRequired or dependentSchemas",
}

// checkKeywords warns of keywords of JSON Schema that constrain data but are not checked. It
// reports invalid keywords as errors.
func (all *Schemas) checkKeywords(name string, s *openapi3.Schema) {
	where := source.PlaceOf(name, s.Origin)
	for _, keyword := range slices.Sorted(maps.Keys(unchecked)) {
		if s.Extensions[keyword] != nil || keyword == "$dynamicRef" && s.DynamicRef != "" {
			all.warnUnchecked(s, where.Field(s.Origin, keyword), "%s is not checked: %s", keyword, unchecked[keyword])
		}
	}
	if s.Nullable && !all.is30 {
		all.p.Warn(where.Field(s.Origin, "nullable"), "nullable is a keyword of OpenAPI 3.0: eventgen reads it as the additional type 'null'")
	}
	if _, err := goPattern(s.Pattern); err != nil {
		all.warnUnchecked(s, where.Field(s.Origin, "pattern"), "pattern is not checked: %v", err)
	}
	for _, pattern := range slices.Sorted(maps.Keys(s.PatternProperties)) {
		if _, err := goPattern(pattern); err != nil {
			all.warnUnchecked(s, where.Within(s.Origin, "patternProperties", pattern), "%q of patternProperties is not checked, nor are the properties without a schema of their own: %v", pattern, err)
		}
	}
	for _, value := range append(slices.Clone(s.Enum), s.Const) {
		if _, err := json.Marshal(value); err != nil {
			all.p.Add(where, "enum or const contains a value that is not JSON: %v", value)
		}
	}
	values := map[string]any{"const": s.Const, "enum": s.Enum}
	for _, keyword := range slices.Sorted(maps.Keys(values)) {
		if _, found := all.exact.Values(s, keyword, values[keyword]); !found {
			all.p.Warn(where.Field(s.Origin, keyword), "%s contains a number beyond 2^53, which may be rounded: eventgen cannot find it in the text of the document", keyword)
		}
	}
	for _, b := range numbers(s) {
		text, found := all.exact.Bound(s, b.keyword, b.is)
		switch {
		case b.keyword == "multipleOf" && b.is <= 0:
			all.p.Add(where.Field(s.Origin, b.keyword), "multipleOf is %s: it must be greater than 0", text)
		case !found && math.Abs(b.is) >= 1<<53:
			all.p.Warn(where.Field(s.Origin, b.keyword), "%s is checked as %s, which may be rounded: eventgen cannot find it in the text of the document", b.keyword, text)
		}
	}
}

// checkSiblings warns of constraints beside a reference that are not checked. Before OpenAPI
// 3.1 they mean nothing (OpenAPI 3.0.3, section 4.7.23). Later, kin-openapi drops those that
// it considers empty, such as a not with the schema true.
func (all *Schemas) checkSiblings(name string, ref *openapi3.SchemaRef) {
	if ref.Ref == "" || ref.Value == nil || ref.Origin == nil {
		return
	}
	if of := ref.Value.AllOf; len(of) > 0 && of[len(of)-1].Value != nil && of[len(of)-1].Value.Origin == ref.Origin {
		return // kin-openapi kept the siblings
	}
	for _, field := range ref.Origin.Fields {
		at := source.PlaceOf(name, ref.Origin).Field(ref.Origin, field.Name)
		switch {
		case !jsonschema.Constrains(field.Name):
		case all.is30:
			all.p.Warn(at, "%s has no effect beside a $ref before OpenAPI 3.1: put both into an allOf", field.Name)
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

// isLoose reports whether a schema, or one within it, has a part that is not checked. Data
// that does not fit may then pass.
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
