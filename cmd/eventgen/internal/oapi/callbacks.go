package oapi

import (
	"maps"
	"slices"
	"strconv"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/document"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
)

// nameCallbacks gives a callback's request an operationId if its Go name is taken by an
// operation or an earlier callback. oapi-codegen names such a request after the callback
// alone, and two operations may have callbacks of the same name.
func nameCallbacks(doc *openapi3.T, taken func(name string) bool, take func(name string, at source.Place)) {
	type request struct {
		parent, id string
		op         *openapi3.Operation
		where      source.Place
	}
	var all []request
	document.EachOperation(doc, func(path, method string, _ *openapi3.PathItem, op *openapi3.Operation) {
		for _, name := range slices.Sorted(maps.Keys(op.Callbacks)) {
			callback := op.Callbacks[name].Value
			if callback == nil {
				continue
			}
			for _, url := range slices.Sorted(maps.Keys(callback.Map())) {
				operations := callback.Value(url).Operations()
				for _, verb := range slices.Sorted(maps.Keys(operations)) {
					inner := operations[verb]
					id := inner.OperationID
					if id == "" {
						id = name
					}
					parent := op.OperationID
					if parent == "" {
						parent = defaultID(method, path)
					}
					all = append(all, request{parent, id, inner, source.PlaceOf(name, inner.Origin)})
				}
			}
		}
	})
	slices.SortStableFunc(all, func(a, b request) int { return a.where.Compare(b.where) })
	seen := map[*openapi3.Operation]bool{}
	for _, r := range all {
		if seen[r.op] {
			continue
		}
		seen[r.op] = true
		id := r.id
		if taken(codegen.SchemaNameToTypeName(id)) {
			id = r.parent + "-" + r.id
		}
		for n := 2; taken(codegen.SchemaNameToTypeName(id)); n++ {
			id = r.parent + "-" + r.id + strconv.Itoa(n)
		}
		take(codegen.SchemaNameToTypeName(id), r.where)
		if id != r.id {
			r.op.OperationID = id
		}
	}
}
