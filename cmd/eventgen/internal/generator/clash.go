package generator

import (
	"maps"
	"regexp"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/document"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/oapi"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
)

// clashes turns an error about generated code into an error with places: those of the schemas
// and operations whose Go names oapi-codegen declares for itself, such as NewClient. It
// returns err itself if it finds none.
func (g *Generator) clashes(doc *openapi3.T, err error) error {
	if err == nil {
		return nil
	}
	for _, match := range redeclared.FindAllStringSubmatch(err.Error(), -1) {
		for _, name := range slices.Sorted(maps.Keys(doc.Components.Schemas)) {
			if ref := doc.Components.Schemas[name]; ref.Value != nil && oapi.GoTypeName(doc, name) == match[1] {
				g.Problems.Add(source.PlaceOf(name, ref.Value.Origin), "oapi-codegen also declares the Go name %s for something else: rename the schema with x-go-name", match[1])
			}
		}
	}
	for _, match := range fieldAndMethod.FindAllStringSubmatch(err.Error(), -1) {
		document.EachOperation(doc, func(path, method string, _ *openapi3.PathItem, op *openapi3.Operation) {
			if codegen.SchemaNameToTypeName(op.OperationID) == match[1] {
				g.Problems.Add(source.PlaceOf(method+" "+path, op.Origin), "a field of oapi-codegen's Client also has the Go name %s: give the operation another operationId", match[1])
			}
		})
	}
	if of := g.Problems.Err(); of != nil {
		return of
	}
	return err
}

var fieldAndMethod = regexp.MustCompile(`field and method with the same name (\w+)`)

var redeclared = regexp.MustCompile(`the generated code would not compile: (\w+) redeclared`)
