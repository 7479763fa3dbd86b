package document

import (
	"net/url"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
)

// unescapeReferences writes the references to components whose names have escapes (RFC 6901,
// section 3, and RFC 3986, section 2.1) with the names themselves, as all readers need them.
func unescapeReferences(doc *openapi3.T) {
	EachReference(doc, func(ref *string) {
		kind, name, ok := ComponentIn(*ref)
		if ok && !strings.Contains(name, "/") {
			*ref = "#/components/" + kind + "/" + name
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
