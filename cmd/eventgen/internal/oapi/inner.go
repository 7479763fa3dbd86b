package oapi

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/jsonschema"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/stream"
)

// oapi-codegen names the type of an inline schema after its path. Two paths may give the same
// name: reasoning.effort and reasoning_effort, or an array in a union and its items.
// oapi-codegen then rejects the document.

// inner is an inline schema for which oapi-codegen makes a type.
type inner struct {
	ref    *openapi3.SchemaRef
	goName string
	isItem bool // it is the item of the schema before it, and has the same name
}

// nameInner makes a component of each inline schema whose Go name an earlier, different schema
// has.
func nameInner(doc *openapi3.T) {
	var all []inner
	taken := map[string]bool{}
	for _, c := range inOrderOfPlace(doc.Components.Schemas) {
		taken[codegen.SchemaNameToTypeName(c)] = true
		ref := doc.Components.Schemas[c]
		if ref.Ref == "" && ref.Value != nil {
			v := &innerVisitor{component: c}
			v.visit(ref, nil, false)
			all = append(all, v.found...)
		}
	}
	owners := map[string][]byte{}
	for _, one := range all {
		text, err := json.Marshal(one.ref.Value)
		if err != nil {
			continue
		}
		owner, ok := owners[one.goName]
		if !ok {
			owners[one.goName] = text
			continue
		}
		if bytes.Equal(owner, text) {
			continue
		}
		base := one.goName
		if one.isItem {
			base += "Item"
		}
		name := base
		for n := 2; taken[name] || owners[name] != nil; n++ {
			name = base + strconv.Itoa(n)
		}
		taken[name] = true
		doc.Components.Schemas[name] = &openapi3.SchemaRef{Value: one.ref.Value}
		one.ref.Ref = "#/components/schemas/" + name
	}
}

// inOrderOfPlace returns the names of components in the order of the document.
func inOrderOfPlace(schemas openapi3.Schemas) []string {
	names := slices.Sorted(maps.Keys(schemas))
	slices.SortStableFunc(names, func(a, b string) int {
		return source.PlaceOf(a, originOf(schemas[a])).Compare(source.PlaceOf(b, originOf(schemas[b])))
	})
	return names
}

// innerVisitor finds the inline schemas of a component for which oapi-codegen makes types.
type innerVisitor struct {
	component string
	found     []inner
}

// visit visits a schema. path leads to it from the component.
func (v *innerVisitor) visit(ref *openapi3.SchemaRef, path []string, isMember bool) {
	if ref == nil || ref.Value == nil || ref.Ref != "" {
		return
	}
	s := ref.Value
	if len(path) > 0 && (isMember || isTyped(s)) {
		v.found = append(v.found, inner{ref: ref, goName: v.goName(path)})
	}
	before := len(v.found)
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		v.visit(s.Properties[name], append(path[:len(path):len(path)], name), false)
	}
	for _, members := range []openapi3.SchemaRefs{s.AnyOf, s.OneOf} {
		for i, member := range members {
			if !jsonschema.IsNull(member) {
				v.visit(member, append(path[:len(path):len(path)], strconv.Itoa(i)), true)
			}
		}
	}
	for _, member := range s.AllOf {
		v.visit(member, path, false)
	}
	for _, items := range []*openapi3.SchemaRef{s.Items, s.AdditionalProperties.Schema} {
		v.visit(items, path, false)
	}
	for i := range v.found[before:] {
		v.found[before+i].isItem = v.found[before+i].isItem || before > 0 && v.found[before+i].goName == v.found[before-1].goName
	}
}

// goName returns the name that oapi-codegen gives to the type.
func (v *innerVisitor) goName(path []string) string {
	return codegen.SchemaNameToTypeName(codegen.PathToTypeName(append([]string{v.component}, path...)))
}

// isTyped reports whether oapi-codegen makes a type of an inline schema.
func isTyped(s *openapi3.Schema) bool {
	return len(s.Enum) > 0 || s.Const != nil || len(s.AnyOf)+len(s.OneOf) > 1 || len(s.Properties) > 0 && stream.IsOpen(s.AdditionalProperties)
}
