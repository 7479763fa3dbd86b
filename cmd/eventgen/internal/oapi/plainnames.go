package oapi

import (
	"regexp"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/document"
)

// oapi-codegen reads the part of a reference after the last slash as the name of a component,
// and as part of a Go name. Such a name must not contain an escape or begin with a digit.

// plainNames renames the components whose names oapi-codegen cannot find.
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

// plainName returns a component name that oapi-codegen finds, with the same Go name. Usually
// that is the name itself.
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

// notPlain matches characters that cannot occur in a reference, in a Go string or on one line,
// and digits at the beginning.
var notPlain = regexp.MustCompile("^\\d+|[\\x00- \"#%/\\\\`~]+")
