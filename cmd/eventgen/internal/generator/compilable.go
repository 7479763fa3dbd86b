package generator

import (
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
)

// checkTypes refuses generated code that would not compile beside the other files of its
// folder, or beside the sources in beside: a name is declared twice or not at all. It loads no
// imports, so it takes milliseconds, and it ignores the other errors of go/types.
func checkTypes(output string, code []byte, beside ...string) error {
	fset := token.NewFileSet()
	generated, err := parser.ParseFile(fset, output, code, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	files := []*ast.File{generated}
	for i, source := range beside {
		f, err := parser.ParseFile(fset, fmt.Sprintf("oapi-codegen's output %d", i), source, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		files = append(files, f)
	}
	if len(beside) == 0 {
		files = append(files, neighbours(fset, output, generated.Name.Name)...)
	}
	var p source.Problems
	undefined := map[string]bool{} // those reported
	config := types.Config{
		Importer: noImporter{},
		Error: func(err error) {
			var e types.Error
			if !asTypesError(err, &e) {
				return
			}
			redeclared := strings.Contains(e.Msg, "redeclared") || strings.Contains(e.Msg, "field and method") || strings.Contains(e.Msg, "already declared")
			at := fset.Position(e.Pos)
			switch {
			case undefined[e.Msg]:
			case at.Filename == output && (redeclared || isUndefined(e.Msg)):
				undefined[e.Msg] = isUndefined(e.Msg)
				p.Add(generatedPlace(output, at), "the generated code would not compile: %s", e.Msg)
			case redeclared:
				p.Add(generatedPlace(at.Filename, at), "this file would not compile beside the generated code: %s", e.Msg)
			}
		},
	}
	_, _ = config.Check(generated.Name.Name, fset, files, nil) // Error received every error
	return p.Err()
}

// generatedPlace returns a position in Go code as a place.
func generatedPlace(file string, at token.Position) source.Place {
	return source.Place{At: openapi3.Location{File: file, Line: at.Line, Column: at.Column}}
}

// isUndefined reports whether an error says that an exported name is undefined. An unexported
// name may belong to a package whose name differs from the last part of its path.
func isUndefined(msg string) bool {
	name, ok := strings.CutPrefix(msg, "undefined: ")
	return ok && token.IsExported(name)
}

func asTypesError(err error, target *types.Error) bool {
	e, ok := err.(types.Error) //nolint:errorlint // go/types passes it unwrapped
	if ok {
		*target = e
	}
	return ok
}

// neighbours parses the other files of the package in the folder of a file. It skips files
// that it cannot read or parse: the compiler reports those.
func neighbours(fset *token.FileSet, output, pkg string) []*ast.File {
	dir := filepath.Dir(output)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var files []*ast.File
	for _, entry := range entries {
		name := entry.Name()
		if name == filepath.Base(output) || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		if match, err := build.Default.MatchFile(dir, name); err != nil || !match {
			continue
		}
		if f, err := parser.ParseFile(fset, filepath.Join(dir, name), nil, parser.SkipObjectResolution); err == nil && f.Name.Name == pkg {
			files = append(files, f)
		}
	}
	return files
}

// noImporter is an importer that finds no package.
type noImporter struct{}

func (noImporter) Import(string) (*types.Package, error) { return nil, io.EOF }
