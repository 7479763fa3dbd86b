package main

import (
	"regexp"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"
)

// clashes returns an error about generated code with the places of the schemas and operations
// whose Go names oapi-codegen declares for itself, such as NewClient; the error itself if
// there are none.
func (g *generator) clashes(doc *openapi3.T, err error) error {
	if err == nil {
		return nil
	}
	pl := &planner{doc: doc}
	for _, match := range redeclared.FindAllStringSubmatch(err.Error(), -1) {
		for _, name := range sortedKeys(doc.Components.Schemas) {
			if ref := doc.Components.Schemas[name]; ref.Value != nil && pl.goTypeName(name) == match[1] {
				g.p.add(placeOf(name, ref.Value.Origin), "its Go name %s is also that of something else that oapi-codegen declares; x-go-name gives it another", match[1])
			}
		}
	}
	for _, match := range fieldAndMethod.FindAllStringSubmatch(err.Error(), -1) {
		eachOperation(doc, func(path, method string, _ *openapi3.PathItem, op *openapi3.Operation) {
			if codegen.SchemaNameToTypeName(op.OperationID) == match[1] {
				g.p.add(placeOf(method+" "+path, op.Origin), "its Go name %s is also that of a field of oapi-codegen's Client; another operationId gives it another", match[1])
			}
		})
	}
	if of := g.p.err(); of != nil {
		return of
	}
	return err
}

var fieldAndMethod = regexp.MustCompile(`field and method with the same name (\w+)`)

var redeclared = regexp.MustCompile(`the generated code would not compile: (\w+) redeclared`)
