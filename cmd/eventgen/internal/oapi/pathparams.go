package oapi

import (
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/document"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
)

// inTemplate matches a variable of a path template.
var inTemplate = regexp.MustCompile(`\{[.;?]?([^{}*]+)\*?\}`)

// CompletePathParams makes the path parameters of each operation match its path, because
// oapi-codegen rejects a document in which they differ. A variable without a parameter becomes
// a string. A parameter without a variable is dropped.
func CompletePathParams(doc *openapi3.T, p *source.Problems) {
	document.EachOperation(doc, func(path, method string, item *openapi3.PathItem, op *openapi3.Operation) {
		where := source.PlaceOf(fmt.Sprintf("%s %s", method, path), op.Origin)
		missing := map[string]bool{}
		for _, match := range inTemplate.FindAllStringSubmatch(path, -1) {
			missing[match[1]] = true
		}
		inPath := map[string]bool{}
		for name := range missing {
			inPath[name] = true
		}
		isExtra := func(ref *openapi3.ParameterRef) bool {
			q := ref.Value
			return q != nil && q.In == openapi3.ParameterInPath && !inPath[q.Name]
		}
		for _, list := range []*openapi3.Parameters{&item.Parameters, &op.Parameters} {
			for _, ref := range *list {
				switch {
				case isExtra(ref):
					p.Warn(where, "the path parameter %q is ignored: the path has no {%s}", ref.Value.Name, ref.Value.Name)
				case ref.Value != nil && ref.Value.In == openapi3.ParameterInPath:
					delete(missing, ref.Value.Name)
				}
			}
			*list = slices.DeleteFunc(*list, isExtra)
		}
		for _, name := range slices.Sorted(maps.Keys(missing)) {
			p.Warn(where, "no parameter describes {%s} of the path: it becomes a string", name)
			q := openapi3.NewPathParameter(name).WithSchema(openapi3.NewStringSchema())
			op.Parameters = append(op.Parameters, &openapi3.ParameterRef{Value: q})
		}
	})
}
