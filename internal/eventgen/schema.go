package main

import (
	"maps"
	"reflect"
	"regexp"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// schemas are the schemas that the generated code checks data by, by their names
// in the spec.
type schemas map[string]*openapi3.Schema

// readSchemas finds the schemas of the events' data, and those that they refer to.
// It refuses what the generated code could not check: data that does not fit must
// not pass for want of a keyword.
func readSchemas(doc *openapi3.T, a *api, p *problems) schemas {
	all := schemas{}
	for _, o := range a.Streams() {
		for _, e := range o.Stream.Events {
			checkData(doc, e, p)
			all.add(doc, e.Data, p)
		}
	}
	return all
}

func (all schemas) add(doc *openapi3.T, name string, p *problems) {
	if _, ok := all[name]; ok {
		return
	}
	all[name] = doc.Components.Schemas[name].Value
	all.read(doc, name, all[name], nil, p)
}

// read reads a schema that stands in the one called name, within the schemas of path.
func (all schemas) read(doc *openapi3.T, name string, s *openapi3.Schema, path []*openapi3.Schema, p *problems) {
	if slices.Contains(path, s) {
		p.add(name, "it contains itself other than by a plain $ref")
		return
	}
	checkKeywords(name, s, p)
	path = append(path[:len(path):len(path)], s)
	for _, ref := range children(s) {
		if target, ok := plainRef(doc.Components.Schemas, ref); ok {
			all.add(doc, target, p)
		} else if ref.Value != nil {
			all.read(doc, name, ref.Value, path, p)
		}
	}
}

// plainRef returns the name of the schema that ref is nothing but a reference to.
// Where something stands beside a $ref, kin-openapi has made another schema of both.
func plainRef(named openapi3.Schemas, ref *openapi3.SchemaRef) (string, bool) {
	name, ok := schemaName(ref.Ref)
	return name, ok && named[name] != nil && named[name].Value == ref.Value
}

// children returns the schemas within a schema, in an order that is always the same.
func children(s *openapi3.Schema) []*openapi3.SchemaRef {
	all := slices.Concat(s.AllOf, s.AnyOf, s.OneOf)
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		all = append(all, s.Properties[name])
	}
	for _, ref := range []*openapi3.SchemaRef{s.Items, s.AdditionalProperties.Schema} {
		if ref != nil {
			all = append(all, ref)
		}
	}
	return all
}

// checkKeywords refuses the keywords of JSON Schema 2020-12 that constrain data and
// are not checked. The others describe, or are annotations, as format is.
func checkKeywords(where string, s *openapi3.Schema, p *problems) {
	unchecked := map[string]any{
		"$dynamicRef": s.DynamicRef, "contains": s.Contains, "dependentRequired": s.DependentRequired,
		"dependentSchemas": s.DependentSchemas, "exclusiveMaximum": s.ExclusiveMax, "exclusiveMinimum": s.ExclusiveMin,
		"if": s.If, "maxProperties": s.MaxProps, "minProperties": s.MinProps, "multipleOf": s.MultipleOf,
		"not": s.Not, "patternProperties": s.PatternProperties, "prefixItems": s.PrefixItems,
		"propertyNames": s.PropertyNames, "unevaluatedItems": s.UnevaluatedItems,
		"unevaluatedProperties": s.UnevaluatedProperties, "uniqueItems": s.UniqueItems,
		"a boolean schema": s.Always,
	}
	for _, keyword := range slices.Sorted(maps.Keys(unchecked)) {
		if !reflect.ValueOf(unchecked[keyword]).IsZero() {
			p.add(where, "it has %s, which is not supported in the data of an event", keyword)
		}
	}
	if s.Nullable {
		p.add(where, "it has nullable, which means nothing since OpenAPI 3.1; type: [string, 'null'] does")
	}
	if _, err := regexp.Compile(s.Pattern); err != nil {
		p.add(where, "its pattern is not supported by Go: %v", err)
	}
	for _, value := range append(slices.Clone(s.Enum), s.Const) {
		switch value.(type) {
		case nil, string, bool, float64, int, int64, uint64:
		default:
			p.add(where, "its enum or const has a value that is no string, number, boolean or null: %v", value)
		}
	}
}
