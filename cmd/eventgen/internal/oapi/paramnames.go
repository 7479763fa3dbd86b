package oapi

import (
	"strconv"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/document"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/jsonschema"
)

// NameParams renames parameters that become fields of one struct with the same Go name, such
// as the header Last-Event-ID and a query parameter lastEventId. It asks oapi-codegen for the
// names, so the caller must call PrimeNames first.
func NameParams(doc *openapi3.T) {
	document.EachOperation(doc, func(_, _ string, item *openapi3.PathItem, op *openapi3.Operation) {
		taken := map[string][2]string{}
		for _, list := range []openapi3.Parameters{item.Parameters, op.Parameters} {
			for i, ref := range list {
				if q := ref.Value; q != nil && q.In != openapi3.ParameterInPath {
					list[i] = separated(ref, taken)
				}
			}
		}
	})
}

// separated returns a parameter with another Go name if its own is taken.
func separated(ref *openapi3.ParameterRef, taken map[string][2]string) *openapi3.ParameterRef {
	q := ref.Value
	key := [2]string{q.In, q.Name}
	isTaken := func(name string) bool { other, ok := taken[name]; return ok && other != key }
	own := ParamName(q)
	name := own
	if isTaken(name) {
		name = codegen.SchemaNameToTypeName(q.In) + own
	}
	for n := 2; isTaken(name); n++ {
		name = codegen.SchemaNameToTypeName(q.In) + own + strconv.Itoa(n)
	}
	taken[name] = key
	if name == own {
		return ref
	}
	renamed := *q // others may refer to it
	renamed.Extensions = jsonschema.WithGoName(q.Extensions, name)
	return &openapi3.ParameterRef{Value: &renamed}
}

// ParamName returns the Go name that oapi-codegen gives to a parameter.
func ParamName(q *openapi3.Parameter) string {
	if name, ok := q.Extensions[jsonschema.GoNameExtension].(string); ok {
		return codegen.SchemaNameToTypeName(name)
	}
	return codegen.SchemaNameToTypeName(q.Name)
}
