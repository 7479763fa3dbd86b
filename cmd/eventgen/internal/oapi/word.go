package oapi

import (
	"fmt"
	"go/token"
	"strings"
	"unicode"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/jsonschema"
)

// GoWord returns a name of the spec as part of a Go name, in oapi-codegen's style. It keeps
// letters without case, which oapi-codegen drops. A name without letters and digits is spelled
// as code points.
func GoWord(name string) string {
	if !strings.ContainsFunc(name, hasNoCase) {
		if word := codegen.SchemaNameToTypeName(name); word != "" {
			return word
		}
	}
	var b, run strings.Builder
	flush := func() {
		if run.Len() > 0 {
			b.WriteString(codegen.SchemaNameToTypeName(run.String()))
			run.Reset()
		}
	}
	for _, r := range name {
		if hasNoCase(r) {
			flush()
			b.WriteRune(r)
		} else {
			run.WriteRune(r)
		}
	}
	flush()
	if b.Len() > 0 {
		return b.String()
	}
	return spell(name)
}

// hasNoCase reports whether a letter is neither upper nor lower case, such as Chinese and
// Arabic letters.
func hasNoCase(r rune) bool {
	return unicode.IsLetter(r) && !unicode.IsUpper(r) && !unicode.IsLower(r)
}

// spell returns a name as its code points.
func spell(name string) string {
	var b strings.Builder
	for _, r := range name {
		fmt.Fprintf(&b, "U%04X", r)
	}
	return b.String()
}

// SpellNoCase returns a name in which code points replace the letters and signs that
// oapi-codegen would drop.
func SpellNoCase(name string) string {
	var b strings.Builder
	for _, r := range name {
		if hasNoCase(r) || r > unicode.MaxASCII && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			b.WriteString(spell(string(r)))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// hasNoGoName reports whether oapi-codegen drops letters of a name, or derives no Go name from
// it.
func hasNoGoName(name string) bool {
	return strings.ContainsFunc(name, hasNoCase) || !HasGoName(name)
}

// GoTypeName returns the name that oapi-codegen gives to the type of a schema of
// components/schemas.
func GoTypeName(doc *openapi3.T, schema string) string {
	if ref := doc.Components.Schemas[schema]; ref != nil && ref.Ref == "" && ref.Value != nil {
		if name, ok := ref.Value.Extensions[jsonschema.GoNameExtension].(string); ok {
			return name
		}
	}
	return codegen.SchemaNameToTypeName(schema)
}

// HasGoName reports whether oapi-codegen derives an identifier from a name.
func HasGoName(name string) bool { return token.IsIdentifier(codegen.SchemaNameToTypeName(name)) }
