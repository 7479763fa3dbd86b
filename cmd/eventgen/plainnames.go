package main

import (
	"net/url"
	"regexp"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"
)

// oapi-codegen takes what stands behind the last slash of a reference for the name of a
// component, and a part of a Go name. So neither may have an escape or begin with a digit.

// unescapeReferences writes the references to components whose names have escapes (RFC 6901,
// section 3, and RFC 3986, section 2.1) with the names themselves, as all readers need them.
func unescapeReferences(doc *openapi3.T) {
	eachReference(doc, func(ref *string) {
		kind, name, ok := componentIn(*ref)
		if ok && !strings.Contains(name, "/") {
			*ref = "#/components/" + kind + "/" + name
		}
	})
}

// plainNames gives the components another name if oapi-codegen would not find theirs.
func plainNames(doc *openapi3.T) {
	names := map[string]string{} // by kind and name
	rename(doc.Components.Schemas, "schemas", names)
	rename(doc.Components.Parameters, "parameters", names)
	rename(doc.Components.Responses, "responses", names)
	rename(doc.Components.RequestBodies, "requestBodies", names)
	rename(doc.Components.Headers, "headers", names)
	if len(names) == 0 {
		return
	}
	eachReference(doc, func(ref *string) {
		if kind, name, ok := componentIn(*ref); ok && names[kind+"/"+name] != "" {
			*ref = "#/components/" + kind + "/" + names[kind+"/"+name]
		}
	})
}

// rename gives the components of a kind plain names, and takes them down.
func rename[V any](components map[string]V, kind string, names map[string]string) {
	for _, name := range sortedKeys(components) {
		plain := plainName(name)
		if _, taken := components[plain]; taken {
			continue
		}
		components[plain] = components[name]
		delete(components, name)
		names[kind+"/"+name] = plain
	}
}

// plainName returns a name of a component that oapi-codegen finds, with the same Go name;
// mostly the name itself.
func plainName(name string) string {
	if !notPlain.MatchString(name) {
		return name
	}
	goName := codegen.SchemaNameToTypeName(name)
	for _, plain := range []string{notPlain.ReplaceAllString(name, "-"), goName} {
		if !notPlain.MatchString(plain) && codegen.SchemaNameToTypeName(plain) == goName {
			return plain
		}
	}
	return name
}

// notPlain matches what cannot stand in a reference, in a Go string or on one line, and a
// digit that a name begins with.
var notPlain = regexp.MustCompile("^\\d+|[\\x00- \"#%/\\\\`~]+")

// componentIn returns the kind and the name of the component that ref points to.
func componentIn(ref string) (kind, name string, ok bool) {
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
	return kind, strings.NewReplacer("~1", "/", "~0", "~").Replace(name), true
}

// eachReference calls f for every reference of a document.
func eachReference(doc *openapi3.T, f func(ref *string)) {
	newWalker(func(part any) {
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
	}).walk(doc)
}
