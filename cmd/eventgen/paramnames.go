package main

import (
	"maps"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"
)

// separateParams gives one of two parameters that are fields of one struct, and have one Go
// name, another: the header Last-Event-ID and a query parameter lastEventId are such. It
// calls the names as oapi-codegen does, which knows how after its first run.
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
	name := paramName(q)
	if other, ok := taken[name]; !ok || other == key {
		taken[name] = key
		return ref
	}
	renamed := *q // others may refer to it
	renamed.Extensions = maps.Clone(q.Extensions)
	if renamed.Extensions == nil {
		renamed.Extensions = map[string]any{}
	}
	name = codegen.SchemaNameToTypeName(q.In) + name
	renamed.Extensions["x-go-name"] = name
	taken[name] = key
	return &openapi3.ParameterRef{Value: &renamed}
}
