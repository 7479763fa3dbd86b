package stream

import (
	"maps"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/jsonschema"
)

// Documents that are made of classes have a discriminator on the base, and no union: each
// subclass refers to the base in its main.allOf (OpenAPI 3.0.3, section 4.7.25).

// subtypesOf returns the components that are made of a component with a discriminator, in the
// order of their names; none if it has no discriminator, or there is no document.
func subtypesOf(doc *openapi3.T, ref *openapi3.SchemaRef) openapi3.SchemaRefs {
	if doc == nil {
		return nil
	}
	base, ok := jsonschema.PlainRef(doc.Components.Schemas, ref)
	if !ok || ref.Value.Discriminator == nil {
		return nil
	}
	var all openapi3.SchemaRefs
	for _, name := range slices.Sorted(maps.Keys(doc.Components.Schemas)) {
		heir := doc.Components.Schemas[name].Value
		if name != base && heir != nil && slices.ContainsFunc(heir.AllOf, func(part *openapi3.SchemaRef) bool { return part.Value == ref.Value }) {
			all = append(all, &openapi3.SchemaRef{Ref: "#/components/schemas/" + name, Value: heir})
		}
	}
	return all
}

// expandSubtypes returns the branches of the heirs of a branch. It stands for itself only if the
// discriminator maps a value to it.
func (b *branch) expandSubtypes(doc *openapi3.T, heirs openapi3.SchemaRefs, path []*openapi3.Schema) []*branch {
	path = append(path[:len(path):len(path)], b.ref.Value)
	d := b.ref.Value.Discriminator
	var all []*branch
	for _, heir := range heirs {
		inner := expand(doc, heir, path)
		for _, each := range inner {
			each.discriminate(d, heir, len(inner) == 1)
		}
		all = append(all, inner...)
	}
	if b.discriminate(d, b.ref, true); len(b.mapped[d.PropertyName]) > 0 {
		all = append(all, b)
	}
	return all
}
