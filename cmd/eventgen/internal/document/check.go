package document

import (
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"go.yaml.in/yaml/v3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
)

// Check reports a document of an unknown version, and errors that the loader ignores.
func Check(p *source.Problems, spec string, doc *openapi3.T) {
	root := source.ReadFile(spec)
	checkKeys(p, spec, root)
	for _, name := range slices.Sorted(maps.Keys(doc.Components.Schemas)) {
		if ref := doc.Components.Schemas[name]; ref == nil || ref.Value == nil {
			key, _ := source.AtPointer(root, "/components/schemas/"+source.Escape.Replace(name))
			pl := source.Place{Name: name, At: openapi3.Location{File: spec}}
			if key != nil {
				pl.At.Line, pl.At.Column = key.Line, key.Column
			}
			p.Add(pl, "the schema is empty, or its $ref refers to itself")
		}
	}
	where := source.Place{At: openapi3.Location{File: spec, Line: 1, Column: 1}}
	if key, _ := source.Member(root, "openapi"); key != nil {
		where.At.Line, where.At.Column = key.Line, key.Column
	}
	switch {
	case doc.Extensions["swagger"] != nil:
		p.Add(where, "the document is Swagger %v: convert it to OpenAPI 3.0, 3.1 or 3.2", doc.Extensions["swagger"])
	case doc.OpenAPI == "":
		p.Add(where, `this is not an OpenAPI document: it has no member "openapi"`)
	case !strings.HasPrefix(doc.OpenAPI, "3."):
		p.Add(where, "the OpenAPI version is %s: eventgen reads 3.0, 3.1 and 3.2", doc.OpenAPI)
	}
}

// checkKeys reports mappings with a duplicate key: the loader keeps only one of the two.
func checkKeys(p *source.Problems, spec string, root *yaml.Node) {
	source.EachNode(root, func(n *yaml.Node) bool {
		if n.Kind != yaml.MappingNode {
			return true
		}
		seen := map[string]*yaml.Node{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			if other := seen[key.Value]; other != nil && key.Tag != "!!merge" {
				at := openapi3.Location{File: spec, Line: key.Line, Column: key.Column}
				p.Add(source.Place{At: at}, "the key %q is already on line %d: remove one of them", key.Value, other.Line)
			}
			seen[key.Value] = key
		}
		return true
	})
}
