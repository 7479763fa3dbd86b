package main

import (
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"go.yaml.in/yaml/v3"
)

// checkSource refuses a document of an unknown version, and what the loader ignores.
func checkSource(p *problems, spec string, doc *openapi3.T) {
	root := readNodes(spec)
	checkKeys(p, spec, root)
	for _, name := range sortedKeys(doc.Components.Schemas) {
		if ref := doc.Components.Schemas[name]; ref == nil || ref.Value == nil {
			key, _ := atPointer(root, "/components/schemas/"+escape.Replace(name))
			pl := place{name, openapi3.Location{File: spec}}
			if key != nil {
				pl.at.Line, pl.at.Column = key.Line, key.Column
			}
			p.add(pl, "the schema is empty, or its $ref leads back to itself")
		}
	}
	where := place{at: openapi3.Location{File: spec}}
	if key, _ := member(root, "openapi"); key != nil {
		where.at.Line, where.at.Column = key.Line, key.Column
	}
	switch {
	case doc.Extensions["swagger"] != nil:
		p.add(where, "the document is Swagger %v: convert it to OpenAPI 3.0, 3.1 or 3.2", doc.Extensions["swagger"])
	case doc.OpenAPI == "":
		p.add(where, `this is not an OpenAPI document: it has no member "openapi"`)
	case !strings.HasPrefix(doc.OpenAPI, "3."):
		p.add(where, "the OpenAPI version is %s: eventgen reads 3.0, 3.1 and 3.2", doc.OpenAPI)
	}
}

// checkKeys refuses a mapping with two members of one name: the loader keeps one of them.
func checkKeys(p *problems, spec string, root *yaml.Node) {
	eachNode(root, func(n *yaml.Node) bool {
		if n.Kind != yaml.MappingNode {
			return true
		}
		seen := map[string]*yaml.Node{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			if other := seen[key.Value]; other != nil && key.Tag != "!!merge" {
				at := openapi3.Location{File: spec, Line: key.Line, Column: key.Column}
				p.add(place{at: at}, "the key %q is already on line %d: remove one of them", key.Value, other.Line)
			}
			seen[key.Value] = key
		}
		return true
	})
}
