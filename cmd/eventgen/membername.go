package main

import (
	"fmt"
	"go/token"
	"strings"
	"unicode"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"
)

// checkMemberNames refuses members of the data that a Go struct cannot have: encoding/json
// would read and write them under another name, or not at all.
func (s *stream) checkMemberNames(p *problems) {
	for at := range s.schemas() {
		for _, name := range sortedKeys(at.schema.Properties) {
			where := placeOf(at.name, at.schema.Origin).field(at.schema.Origin, "properties")
			switch ref := at.schema.Properties[name]; {
			case !isTag(name):
				p.add(where, "its property %q has a name that no field of a Go struct can have in JSON", name)
			case !hasGoName(name) && !token.IsIdentifier(spellNoCase(name)) && ref.Extensions["x-go-name"] == nil && (ref.Value == nil || ref.Value.Extensions["x-go-name"] == nil):
				p.add(where, "no Go name can be made of the name of its property %q; x-go-name gives it one", name)
			}
		}
	}
}

// isTag reports whether encoding/json takes a name from the tag of a field: letters, digits,
// and the punctuation that it lists. The tag "-" leaves the field out.
func isTag(name string) bool {
	for _, r := range name {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", r) {
			return false
		}
	}
	return name != "" && name != "-"
}

// hasGoName reports whether oapi-codegen makes an identifier of a name.
func hasGoName(name string) bool { return token.IsIdentifier(codegen.SchemaNameToTypeName(name)) }

// unnamedIn returns the places of the schemas with a property that gets no Go name, and of
// such parameters. oapi-codegen fails on them in many ways.
func unnamedIn(doc *openapi3.T, _ string) (found []place) {
	newWalker(func(part any) {
		switch part := part.(type) {
		case *openapi3.Schema:
			for _, name := range sortedKeys(part.Properties) {
				if !hasGoName(name) {
					found = append(found, placeOf(fmt.Sprintf("the property %q", name), part.Origin).field(part.Origin, "properties"))
				}
			}
		case *openapi3.Parameter:
			if !hasGoName(part.Name) {
				found = append(found, placeOf(fmt.Sprintf("the parameter %q", part.Name), part.Origin))
			}
		}
	}).walk(doc)
	return found
}
