package main

import (
	"strconv"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"
)

// separateParams gives one of two parameters that are fields of one struct, and have one Go
// name, another: the header Last-Event-ID and a query parameter lastEventId are such. It
// asks oapi-codegen for the names, so primeNames must have run.
func separateParams(doc *openapi3.T) {
	eachOperation(doc, func(_, _ string, item *openapi3.PathItem, op *openapi3.Operation) {
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

// separated returns a parameter with another Go name if its own is taken by another one.
func separated(ref *openapi3.ParameterRef, taken map[string][2]string) *openapi3.ParameterRef {
	q := ref.Value
	key := [2]string{q.In, q.Name}
	isTaken := func(name string) bool { other, ok := taken[name]; return ok && other != key }
	own := paramName(q)
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
	renamed.Extensions = withGoName(q.Extensions, name)
	return &openapi3.ParameterRef{Value: &renamed}
}

// paramName returns the Go name that oapi-codegen gives to a parameter.
func paramName(q *openapi3.Parameter) string {
	if name, ok := q.Extensions[goNameExtension].(string); ok {
		return codegen.SchemaNameToTypeName(name)
	}
	return codegen.SchemaNameToTypeName(q.Name)
}
