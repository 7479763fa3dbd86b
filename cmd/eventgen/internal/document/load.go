// Package document loads an OpenAPI document and everything that it refers to. It also walks,
// copies and prunes documents.
package document

import (
	"maps"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/util"
)

// Load reads an OpenAPI document as oapi-codegen does, resolves its references, and removes
// the operations that the configuration excludes. Parts of other files become components,
// unless the configuration maps files to packages.
//
// oapi-codegen modifies its input, so each run needs a fresh document.
func Load(path string, cfg codegen.Configuration) (*openapi3.T, error) {
	overlay := cfg.OutputOptions.Overlay
	doc, err := util.LoadSwaggerWithOverlay(path, util.LoadSwaggerWithOverlayOpts{
		Path:                overlay.Path,
		Strict:              overlay.Strict == nil || *overlay.Strict,
		AllowRemoteRefsFrom: cfg.AllowRemoteRefsFrom,
	})
	if err != nil {
		return nil, err
	}
	if doc.Paths == nil {
		doc.Paths = openapi3.NewPaths()
	}
	if doc.Components == nil {
		doc.Components = &openapi3.Components{}
	}
	if doc.Components.Schemas == nil {
		doc.Components.Schemas = openapi3.Schemas{}
	}
	unescapeReferences(doc)
	filterOperations(doc, cfg.OutputOptions)
	if len(cfg.ImportMapping) == 0 {
		bundle(doc)
	}
	return doc, nil
}

// filterOperations removes the operations that oapi-codegen would exclude.
func filterOperations(doc *openapi3.T, o codegen.OutputOptions) {
	hasTag := func(tags []string) func(*openapi3.Operation) bool {
		return func(op *openapi3.Operation) bool {
			return slices.ContainsFunc(op.Tags, func(tag string) bool { return slices.Contains(tags, tag) })
		}
	}
	hasID := func(ids []string) func(*openapi3.Operation) bool {
		return func(op *openapi3.Operation) bool { return slices.Contains(ids, op.OperationID) }
	}
	for _, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			if len(o.ExcludeTags) > 0 && hasTag(o.ExcludeTags)(op) ||
				len(o.IncludeTags) > 0 && !hasTag(o.IncludeTags)(op) ||
				len(o.ExcludeOperationIDs) > 0 && hasID(o.ExcludeOperationIDs)(op) ||
				len(o.IncludeOperationIDs) > 0 && !hasID(o.IncludeOperationIDs)(op) {
				item.SetOperation(method, nil)
			}
		}
	}
}

// EachOperation calls f for every operation, in the order of path and method.
func EachOperation(doc *openapi3.T, f func(path, method string, item *openapi3.PathItem, op *openapi3.Operation)) {
	for _, path := range slices.Sorted(maps.Keys(doc.Paths.Map())) {
		item := doc.Paths.Value(path)
		operations := item.Operations()
		for _, method := range slices.Sorted(maps.Keys(operations)) {
			f(path, method, item, operations[method])
		}
	}
}
