package oapi

import (
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/document"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/stream"
)

// clientFields are the fields of oapi-codegen's Client, beside which it has a method for each
// operation.
var clientFields = []string{"Client", "RequestEditors", "Server"}

// NameOperations gives each operation an operationId with a Go name of its own, so that
// oapi-codegen can handle all of them. Where two have the same name, the later one in the
// document gets another. It returns the identifiers that operations have in the document.
func NameOperations(doc *openapi3.T, p *source.Problems) map[*openapi3.Operation]string {
	type named struct {
		op    *openapi3.Operation
		id    string
		where source.Place
	}
	var all []named
	document.EachOperation(doc, func(path, method string, _ *openapi3.PathItem, op *openapi3.Operation) {
		id := op.OperationID
		if id == "" {
			id = defaultID(method, path)
			if len(stream.Contents(op)) == 0 {
				// oapi-codegen chooses this name itself.
				id = strings.ToLower(method) + "-" + strings.Join(strings.FieldsFunc(path, func(r rune) bool { return r == '/' }), "-")
			}
		}
		all = append(all, named{op, id, source.PlaceOf(method+" "+path, op.Origin)})
	})
	slices.SortStableFunc(all, func(a, b named) int { return a.where.Compare(b.where) })
	ids := map[*openapi3.Operation]string{}
	owners, said := map[string]source.Place{}, map[string]source.Place{}
	for _, o := range all {
		id, name := o.id, codegen.SchemaNameToTypeName(o.id)
		switch {
		case strings.ContainsFunc(o.id, hasNoCase) || name == "":
			id = SpellNoCase(o.id)
		case slices.Contains(clientFields, name):
			id = o.id + "Operation"
		}
		for n := 2; owners[codegen.SchemaNameToTypeName(id)].Name != ""; n++ {
			id = o.id + strconv.Itoa(n)
		}
		owners[codegen.SchemaNameToTypeName(id)] = o.where
		ids[o.op] = o.id
		if other, ok := said[o.id]; ok {
			if o.op.OperationID != "" {
				p.Warn(o.where, "%[2]s also has the operationId %[1]s: this operation becomes %[3]s", o.id, other, id)
			}
			ids[o.op] = id
		}
		said[o.id] = o.where
		if id != o.id || len(stream.Contents(o.op)) > 0 {
			o.op.OperationID = id
		}
	}
	nameCallbacks(doc, func(name string) bool { return owners[name].Name != "" }, func(name string, at source.Place) { owners[name] = at })
	return ids
}

// defaultID derives the operationId of an operation without one from its method and path.
func defaultID(method, path string) string {
	words := strings.FieldsFunc(path, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9')
	})
	for i, word := range words {
		words[i] = strings.ToUpper(word[:1]) + word[1:]
	}
	return strings.ToLower(method) + strings.Join(words, "")
}
