package oapi

import (
	"regexp"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/document"
)

// oapi-codegen takes what stands behind the last slash of a reference for the name of a
// component, and a part of a Go name. So neither may have an escape or begin with a digit.

// plainNames gives the components another name if oapi-codegen would not find theirs.
func plainNames(doc *openapi3.T) {
	names := document.RenameComponents(doc, plainName)
	if len(names) == 0 {
		return
	}
	document.EachReference(doc, func(ref *string) {
		if kind, name, ok := document.ComponentIn(*ref); ok && names[kind+"/"+name] != "" {
			*ref = "#/components/" + kind + "/" + names[kind+"/"+name]
		}
	})
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
