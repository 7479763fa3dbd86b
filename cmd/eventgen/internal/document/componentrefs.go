package document

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
)

// unescapeReferences replaces the escapes in references to components (RFC 6901, section 3,
// and RFC 3986, section 2.1) by the plain names, which all later steps expect. It replaces a
// slash in a name, because a reference would split there.
func unescapeReferences(doc *openapi3.T) {
	names := RenameComponents(doc, func(name string) string { return strings.ReplaceAll(name, "/", "-") })
	EachReference(doc, func(ref *string) {
		if kind, name, ok := ComponentIn(*ref); ok {
			*ref = "#/components/" + kind + "/" + cmp.Or(names[kind+"/"+name], name)
		}
	})
}

// ComponentIn returns the kind and the name of the component that ref points to.
func ComponentIn(ref string) (kind, name string, ok bool) {
	rest, ok := strings.CutPrefix(ref, "#/components/")
	if !ok {
		return "", "", false
	}
	if kind, name, ok = strings.Cut(rest, "/"); !ok || strings.Contains(name, "/") {
		return "", "", false
	}
	if plain, err := url.PathUnescape(name); err == nil {
		name = plain
	}
	return kind, source.Unescape.Replace(name), true
}

// EachReference calls f for every reference of a document.
func EachReference(doc *openapi3.T, f func(ref *string)) {
	EachPart(doc, func(part any) {
		switch part := part.(type) {
		case *openapi3.SchemaRef:
			f(&part.Ref)
			if part.Value != nil && part.Value.Discriminator != nil {
				for value, ref := range part.Value.Discriminator.Mapping {
					f(&ref.Ref)
					part.Value.Discriminator.Mapping[value] = ref
				}
			}
		case *openapi3.ParameterRef:
			f(&part.Ref)
		case *openapi3.ResponseRef:
			f(&part.Ref)
		case *openapi3.RequestBodyRef:
			f(&part.Ref)
		case *openapi3.HeaderRef:
			f(&part.Ref)
		}
	})
}

// RenameComponents renames each component to the result of to. It returns the new names by
// kind and old name.
func RenameComponents(doc *openapi3.T, to func(string) string) map[string]string {
	names := map[string]string{}
	renameKind(doc.Components.Schemas, "schemas", to, names)
	renameKind(doc.Components.Parameters, "parameters", to, names)
	renameKind(doc.Components.Responses, "responses", to, names)
	renameKind(doc.Components.RequestBodies, "requestBodies", to, names)
	renameKind(doc.Components.Headers, "headers", to, names)
	return names
}

// renameKind is RenameComponents for the components of one kind.
func renameKind[V any](components map[string]V, kind string, to func(string) string, names map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(components)) {
		other := to(name)
		if _, taken := components[other]; taken {
			continue
		}
		components[other] = components[name]
		delete(components, name)
		names[kind+"/"+name] = other
	}
}
