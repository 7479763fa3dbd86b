package main

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"
)

// codegenError is an error of oapi-codegen. It names schemas and operations, and has no places.
type codegenError struct{ err error }

func (e *codegenError) Error() string { return "oapi-codegen refuses the spec: " + e.err.Error() }
func (e *codegenError) Unwrap() error { return e.err }

// located returns an error with the places of what an error of oapi-codegen names.
func (g *generator) located(err error) error {
	refused := new(codegenError)
	if !errors.As(err, &refused) {
		return err
	}
	doc, loadErr := loadSpec(g.spec, g.cfg)
	if loadErr != nil {
		return err
	}
	text := refused.Error()
	for _, pl := range namedIn(doc, text) {
		g.p.add(pl, "%s", text)
	}
	if len(g.p.errs) == 0 {
		g.p.add(place{at: openapi3.Location{File: g.spec}}, "%s", text)
	}
	return g.p.err()
}

var wordInError = regexp.MustCompile(`[\p{L}\p{N}_.-]+`)

// namedIn returns the places of the schemas whose names, or else Go names, a text has, and
// else those of the operations.
func namedIn(doc *openapi3.T, text string) (found []place) {
	words := map[string]bool{}
	for _, word := range wordInError.FindAllString(text, -1) {
		words[word] = true
	}
	for _, goName := range []func(string) string{func(name string) string { return name }, codegen.SchemaNameToTypeName} {
		for _, name := range sortedKeys(doc.Components.Schemas) {
			if ref := doc.Components.Schemas[name]; words[goName(name)] && ref.Value != nil {
				found = append(found, placeOf(name, ref.Value.Origin))
			}
		}
		if len(found) > 1 || len(found) == 1 && !duplicate.MatchString(text) {
			return found
		}
		found = nil
	}
	eachOperation(doc, func(path, method string, _ *openapi3.PathItem, op *openapi3.Operation) {
		if words[op.OperationID] {
			found = append(found, placeOf(fmt.Sprintf("%s %s", method, path), op.Origin))
		}
	})
	return found
}

// duplicate matches the errors about two things of one name.
var duplicate = regexp.MustCompile(`duplicate`)
