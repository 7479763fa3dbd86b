package stream

import (
	"maps"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/jsonschema"
)

// Documents derived from classes have a discriminator on the base, and no union: each subclass
// refers to the base in its allOf (OpenAPI 3.0.3, section 4.7.25).

// subtypesOf returns the components whose allOf contains a component with a discriminator,
// sorted by name. It returns none if there is no discriminator or no document.
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
		subtype := doc.Components.Schemas[name].Value
		if name != base && subtype != nil && slices.ContainsFunc(subtype.AllOf, func(part *openapi3.SchemaRef) bool { return part.Value == ref.Value }) {
			all = append(all, &openapi3.SchemaRef{Ref: "#/components/schemas/" + name, Value: subtype})
		}
	}
	return all
}

// expandSubtypes returns the branches of the subtypes of a branch. The branch itself is one of
// them only if the discriminator maps a value to it.
func (b *branch) expandSubtypes(doc *openapi3.T, subtypes openapi3.SchemaRefs, path []*openapi3.Schema) []*branch {
	path = append(path[:len(path):len(path)], b.ref.Value)
	d := b.ref.Value.Discriminator
	var all []*branch
	for _, subtype := range subtypes {
		inner := expand(doc, subtype, path)
		for _, each := range inner {
			each.discriminate(d, subtype, len(inner) == 1)
		}
		all = append(all, inner...)
	}
	if b.discriminate(d, b.ref, true); len(b.mapped[d.PropertyName]) > 0 {
		all = append(all, b)
	}
	return all
}
