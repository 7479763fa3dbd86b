package oapi

import (
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/document"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/jsonschema"
)

// ownVariables are the names that oapi-codegen's code uses in the scope of a variable for a
// path parameter: its own variables, packages, and predeclared names of Go.
var ownVariables = strings.Fields(`
	body bodyReader buf bytes c client contentType context ctx err fmt handler headers http io json
	operationPath params pathParam0 pathParam1 pathParam2 pathParam3 queryURL queryUrl r req reqEditors
	request response rsp runtime server serverURL serverUrl sh siw strings url w
	append bool byte error false float32 float64 int int32 int64 len make new nil string true`)

// separateVariables renames path parameters whose variable would hide one of ownVariables.
func separateVariables(doc *openapi3.T) {
	document.EachPart(doc, func(part any) {
		q, ok := part.(*openapi3.Parameter)
		if !ok || q.In != openapi3.ParameterInPath || q.Extensions[jsonschema.GoNameExtension] != nil {
			return
		}
		name := codegen.SchemaNameToTypeName(q.Name)
		if !slices.Contains(ownVariables, q.Name) && !slices.Contains(ownVariables, codegen.LowercaseFirstCharacters(name)) {
			return
		}
		q.Extensions = jsonschema.WithGoName(q.Extensions, name+"Param")
	})
}
