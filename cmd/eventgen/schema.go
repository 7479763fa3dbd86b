package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// schemas are the schemas that the generated code checks data by, by their names in the
// spec. The data of an event that has no name there has one of its own.
type schemas struct {
	doc   *openapi3.T
	all   map[string]*openapi3.Schema
	names map[*openapi3.Schema]string // of those in all
	seen  map[*openapi3.Schema]bool
	is30  bool // nullable and exclusiveMinimum: true mean something
	p     *problems
}

func newSchemas(doc *openapi3.T, p *problems) *schemas {
	return &schemas{doc, map[string]*openapi3.Schema{}, map[*openapi3.Schema]string{}, map[*openapi3.Schema]bool{}, !doc.IsOpenAPI31OrLater(), p}
}

// add takes in the schema of an event's data, under name if it has none, and returns its
// name; empty if there is nothing to check.
func (all *schemas) add(ref *openapi3.SchemaRef, name string) string {
	if ref == nil {
		return ""
	}
	if plain, ok := plainRef(all.doc.Components.Schemas, ref); ok {
		all.addComponent(plain)
		return plain
	}
	all.addNamed(name, ref.Value)
	return name
}

func (all *schemas) addComponent(name string) {
	if all.all[name] == nil {
		all.addNamed(name, all.doc.Components.Schemas[name].Value)
	}
}

func (all *schemas) addNamed(name string, s *openapi3.Schema) {
	all.all[name] = s
	all.names[s] = name
	all.read(name, s, nil)
}

// read reads a schema that stands in the one called name, within the schemas of path. One
// that contains itself without being a component gets a name.
func (all *schemas) read(name string, s *openapi3.Schema, path []*openapi3.Schema) {
	if slices.Contains(path, s) && all.names[s] == "" {
		all.names[s] = fmt.Sprintf("%s.%d", name, len(all.names))
		all.all[all.names[s]] = s
	}
	if all.seen[s] {
		return
	}
	all.seen[s] = true
	all.checkKeywords(name, s)
	path = append(path[:len(path):len(path)], s)
	for _, ref := range children(s) {
		if target, ok := plainRef(all.doc.Components.Schemas, ref); ok {
			all.addComponent(target)
		} else if ref.Value != nil {
			all.read(name, ref.Value, path)
		}
	}
}

// children returns the schemas within a schema, in an order that is always the same.
func children(s *openapi3.Schema) []*openapi3.SchemaRef {
	all := slices.Concat(s.AllOf, s.AnyOf, s.OneOf)
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		all = append(all, s.Properties[name])
	}
	for _, ref := range []*openapi3.SchemaRef{s.Items, s.AdditionalProperties.Schema, s.Not} {
		if ref != nil {
			all = append(all, ref)
		}
	}
	return all
}

// checkKeywords warns of the keywords of JSON Schema 2020-12 that constrain data and are
// not checked. The others describe, or are annotations, as format is.
func (all *schemas) checkKeywords(name string, s *openapi3.Schema) {
	where := placeOf(name, s.Origin)
	unchecked := map[string]any{
		"$dynamicRef": s.DynamicRef, "contains": s.Contains, "dependentRequired": s.DependentRequired,
		"dependentSchemas": s.DependentSchemas, "if": s.If, "patternProperties": s.PatternProperties,
		"prefixItems": s.PrefixItems, "propertyNames": s.PropertyNames,
		"unevaluatedItems": s.UnevaluatedItems, "unevaluatedProperties": s.UnevaluatedProperties,
	}
	for _, keyword := range slices.Sorted(maps.Keys(unchecked)) {
		if !reflect.ValueOf(unchecked[keyword]).IsZero() {
			all.p.warn(where.field(s.Origin, keyword), "%s is not checked", keyword)
		}
	}
	if s.Nullable && !all.is30 {
		all.p.warn(where.field(s.Origin, "nullable"), "nullable means nothing since OpenAPI 3.1; type: [string, 'null'] does")
	}
	if _, err := regexp.Compile(s.Pattern); err != nil {
		all.p.warn(where.field(s.Origin, "pattern"), "its pattern is not checked: %v", err)
	}
	for _, value := range append(slices.Clone(s.Enum), s.Const) {
		if _, err := json.Marshal(value); err != nil {
			all.p.add(where, "its enum or const has a value that is no JSON: %v", value)
		}
	}
}
