package main

import (
	"fmt"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"
)

// runCodegen runs oapi-codegen on a document. It first rewrites what oapi-codegen refuses
// or makes no good Go of, so it changes the document.
func runCodegen(doc *openapi3.T, cfg codegen.Configuration) (*goPackage, error) {
	o := &cfg.OutputOptions
	if !o.SkipPrune {
		prune(doc, nil)
		o.SkipPrune = true
	}
	// The filters were applied, and some operations have another operationId since.
	o.IncludeTags, o.ExcludeTags, o.IncludeOperationIDs, o.ExcludeOperationIDs = nil, nil, nil, nil
	adapt(doc)
	flattenUnions(doc)
	completeDiscriminators(doc)
	separateVariables(doc)
	plainNames(doc)
	pkg, err := runUnchanged(doc, cfg)
	if err != nil {
		return nil, err
	}
	return pkg.separate()
}

// runUnchanged is runCodegen on a document as its author wrote it.
func runUnchanged(doc *openapi3.T, cfg codegen.Configuration) (pkg *goPackage, err error) {
	defer func() {
		if r := recover(); r != nil {
			pkg, err = nil, &codegenError{fmt.Errorf("it panics: %v", r)}
		}
	}()
	version := "v0"
	cfg.NoVCSVersionOverride = &version
	cfg.OutputOptions.SkipFmt = true
	code, err := codegen.Generate(doc, cfg)
	if err != nil {
		return nil, &codegenError{err}
	}
	if pkg, err = parsePackage(code); err != nil {
		return nil, &codegenError{fmt.Errorf("what it makes does not parse: %w", err)}
	}
	return pkg, nil
}

// primeNames sets the rules by which oapi-codegen makes Go names, which it keeps in
// variables of its package.
func primeNames(cfg codegen.Configuration) error {
	_, err := runUnchanged(&openapi3.T{OpenAPI: "3.1.0", Info: &openapi3.Info{Title: "none", Version: "0"}, Paths: openapi3.NewPaths(), Components: &openapi3.Components{}}, cfg)
	return err
}

// codegenError is an error of oapi-codegen. It names schemas and operations, and has no places.
type codegenError struct{ err error }

func (e *codegenError) Error() string { return "oapi-codegen refuses the spec: " + e.err.Error() }

func (e *codegenError) Unwrap() error { return e.err }
