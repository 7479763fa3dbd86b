// Package oapi runs oapi-codegen. It chooses Go names that the author of a document did not
// set, rewrites what oapi-codegen handles badly, and indexes its output.
package oapi

import (
	"fmt"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/document"
)

// Run runs oapi-codegen on a document. It first rewrites the parts that oapi-codegen rejects
// or handles badly, so it modifies the document.
func Run(doc *openapi3.T, cfg codegen.Configuration) (*Package, error) {
	o := &cfg.OutputOptions
	if !o.SkipPrune {
		document.Prune(doc, nil)
		o.SkipPrune = true
	}
	// The filters have been applied, and some operations have another operationId since.
	o.IncludeTags, o.ExcludeTags, o.IncludeOperationIDs, o.ExcludeOperationIDs = nil, nil, nil, nil
	adapt(doc)
	flattenUnions(doc)
	completeDiscriminators(doc)
	separateVariables(doc)
	plainNames(doc)
	pkg, err := RunUnchanged(doc, cfg)
	if err != nil {
		return nil, err
	}
	if pkg, err = pkg.defineCircles(); err != nil {
		return nil, err
	}
	return pkg.renameRedeclared()
}

// RunUnchanged runs oapi-codegen on a document as its author wrote it.
func RunUnchanged(doc *openapi3.T, cfg codegen.Configuration) (pkg *Package, err error) {
	defer func() {
		if r := recover(); r != nil {
			pkg, err = nil, &Error{fmt.Errorf("panic: %v", r)}
		}
	}()
	version := "v0"
	cfg.NoVCSVersionOverride = &version
	cfg.OutputOptions.SkipFmt = true
	code, err := codegen.Generate(doc, cfg)
	if err != nil {
		return nil, &Error{err}
	}
	if pkg, err = ParsePackage(code); err != nil {
		return nil, &Error{fmt.Errorf("its output does not parse: %w", err)}
	}
	return pkg, nil
}

// PrimeNames sets oapi-codegen's rules for Go names, which it keeps in package variables.
func PrimeNames(cfg codegen.Configuration) error {
	_, err := RunUnchanged(&openapi3.T{OpenAPI: "3.1.0", Info: &openapi3.Info{Title: "none", Version: "0"}, Paths: openapi3.NewPaths(), Components: &openapi3.Components{}}, cfg)
	return err
}

// Error is an error of oapi-codegen. It names schemas and operations, but has no places.
type Error struct{ err error }

func (e *Error) Error() string { return "oapi-codegen rejects the spec: " + e.err.Error() }

func (e *Error) Unwrap() error { return e.err }
