package main

import (
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"
)

// clientFields are the fields of oapi-codegen's Client, which has a method for each
// operation beside them.
var clientFields = []string{"Client", "RequestEditors", "Server"}

// nameOperations gives each operation an operationId that makes a Go name of its own, so
// that oapi-codegen can make code of all of them. Where two have one name, the one that
// stands later in the document gets another. It returns the identifiers that operations
// have in the document.
func nameOperations(doc *openapi3.T, p *problems) map[*openapi3.Operation]string {
	type named struct {
		op    *openapi3.Operation
		id    string
		where place
	}
	var all []named
	eachOperation(doc, func(path, method string, _ *openapi3.PathItem, op *openapi3.Operation) {
		id := op.OperationID
		if id == "" {
			id = defaultID(method, path)
			if len(streamContents(op)) == 0 {
				// oapi-codegen's own name of it.
				id = strings.ToLower(method) + "-" + strings.Join(strings.FieldsFunc(path, func(r rune) bool { return r == '/' }), "-")
			}
		}
		all = append(all, named{op, id, placeOf(method+" "+path, op.Origin)})
	})
	slices.SortStableFunc(all, func(a, b named) int { return a.where.compare(b.where) })
	ids := map[*openapi3.Operation]string{}
	owners, said := map[string]place{}, map[string]place{}
	for _, o := range all {
		id, name := o.id, codegen.SchemaNameToTypeName(o.id)
		switch {
		case strings.ContainsFunc(o.id, hasNoCase) || name == "":
			id = spellNoCase(o.id)
		case slices.Contains(clientFields, name):
			id = o.id + "Operation"
		}
		for n := 2; owners[codegen.SchemaNameToTypeName(id)].name != ""; n++ {
			id = o.id + strconv.Itoa(n)
		}
		owners[codegen.SchemaNameToTypeName(id)] = o.where
		ids[o.op] = o.id
		if other, ok := said[o.id]; ok {
			if o.op.OperationID != "" {
				p.warn(o.where, "the operationId %s is also that of %s: this operation becomes %s", o.id, other, id)
			}
			ids[o.op] = id
		}
		said[o.id] = o.where
		if id != o.id || len(streamContents(o.op)) > 0 {
			o.op.OperationID = id
		}
	}
	nameCallbacks(doc, func(name string) bool { return owners[name].name != "" }, func(name string, at place) { owners[name] = at })
	return ids
}

// defaultID returns the operationId of an operation that has none, of its method and path.
func defaultID(method, path string) string {
	words := strings.FieldsFunc(path, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9')
	})
	for i, word := range words {
		words[i] = strings.ToUpper(word[:1]) + word[1:]
	}
	return strings.ToLower(method) + strings.Join(words, "")
}
