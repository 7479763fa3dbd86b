package oapi

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/document"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/jsonschema"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
)

// Rename adds x-go-names to the colliding elements.
func (c *Collisions) Rename(doc *openapi3.T) {
	if c.isEmpty() {
		return
	}
	c.renameComponents(doc)
	if c.all {
		nameInner(doc)
	}
	if len(c.fields) > 0 {
		document.EachSchema(doc, c.renameProperties)
	}
}

// component is a component for which oapi-codegen makes a Go type.
type component struct {
	kind, name string
	extensions *map[string]any
	place      source.Place
}

// renameComponents adds x-go-names to colliding components. A schema keeps its name before
// components of other kinds. Declarations of oapi-codegen and eventgen keep theirs before
// schemas.
func (c *Collisions) renameComponents(doc *openapi3.T) {
	var all []component
	add := func(kind, name string, extensions *map[string]any, origin *openapi3.Origin) {
		all = append(all, component{kind, name, extensions, source.PlaceOf(name, origin)})
	}
	for name, ref := range doc.Components.Schemas {
		if ref.Ref == "" && ref.Value != nil {
			add("", name, &ref.Value.Extensions, ref.Value.Origin)
		}
	}
	for name, ref := range doc.Components.Parameters {
		if ref.Ref == "" && ref.Value != nil {
			add("Parameter", name, &ref.Value.Extensions, ref.Value.Origin)
		}
	}
	for name, ref := range doc.Components.Responses {
		if ref.Ref == "" && ref.Value != nil {
			add("Response", name, &ref.Value.Extensions, ref.Value.Origin)
		}
	}
	for name, ref := range doc.Components.RequestBodies {
		if ref.Ref == "" && ref.Value != nil {
			add("RequestBody", name, &ref.Value.Extensions, ref.Value.Origin)
		}
	}
	slices.SortFunc(all, func(a, b component) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), a.place.Compare(b.place), cmp.Compare(a.name, b.name))
	})
	taken := map[string]bool{}
	for _, one := range all {
		if name, ok := (*one.extensions)[jsonschema.GoNameExtension].(string); ok {
			taken[name] = true
		}
	}
	shared := map[string]int{}
	for _, one := range all {
		shared[codegen.SchemaNameToTypeName(one.name)]++
	}
	for _, one := range all {
		if (*one.extensions)[jsonschema.GoNameExtension] != nil {
			continue
		}
		name := codegen.SchemaNameToTypeName(one.name)
		goName := name
		switch {
		case c.types[name] && shared[name] == 1:
			goName = name + cmp.Or(one.kind, "Model")
		case taken[name] && (c.all || c.types[name]):
			goName = name + one.kind
		}
		for n := 2; taken[goName]; n++ {
			if !c.all && !c.types[name] {
				break
			}
			goName = name + one.kind + strconv.Itoa(n)
		}
		taken[goName] = true
		if goName != name {
			*one.extensions = jsonschema.WithGoName(*one.extensions, goName)
			if one.kind == "" {
				keepFields(doc, doc.Components.Schemas[one.name].Value)
			}
		}
	}
}

// keepFields keeps the names of fields that refer to a schema which gets an x-go-name:
// oapi-codegen applies the x-go-name of a reference's target to the field.
func keepFields(doc *openapi3.T, renamed *openapi3.Schema) {
	document.EachSchema(doc, func(s *openapi3.Schema) {
		for name, ref := range s.Properties {
			if ref != nil && ref.Value == renamed && ref.Ref != "" && ref.Extensions[jsonschema.GoNameExtension] == nil {
				ref.Extensions = jsonschema.WithGoName(ref.Extensions, codegen.SchemaNameToTypeName(name))
			}
		}
	})
}
