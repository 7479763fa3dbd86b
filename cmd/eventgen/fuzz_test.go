package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
)

// FuzzGenerate generates the code of documents of the grammar. Each run yields a file that
// compiles and is the same the second time, or an error with places.
func FuzzGenerate(f *testing.F) {
	for seed := range uint64(4) {
		f.Add(seeded(seed).bytes[:1<<8])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		g := newGrammar(&choices{bytes: data})
		if _, failure := tried(t.TempDir(), g.document, g.asJSON); failure != "" && !known.MatchString(failure) {
			reportFailure(t, g, failure)
		}
	})
}

// known are unfixed failures: bugs of oapi-codegen and of the loader.
var known = regexp.MustCompile(strings.Join([]string{
	`no Go: .* \(map index expression of type \*`, // additionalProperties that are nullable, beside properties
	`no Go: .* \(value of type \*struct`,          // a parameter with a content that is an inline object with additionalProperties
	`no Go: .*params\.\w+ undefined`,              // a parameter whose schema is a reference to one with x-go-name
	`no Go: .* as \w+Params_\w+ value in assignment`,
	`would not compile: \w+ redeclared`,           // two properties of one Go name; an inline type of a response
	`would not compile: undefined: (N|Tilde)\d+$`, // a parameter in the components whose content is a union; a body of such a schema
	`enum value "[^"]*" of \w+ is not a`,          // one that is mutated, of an inline type
	`field and method with the same name (Unm|M)arshalJSON`,
	`: bad data in "`,         // a $ref to an element of another kind
	`value MUST be an object`, // null for an object
}, "|"))

// reportFailure fails with the smallest document found that fails in the same way.
func reportFailure(t *testing.T, g *grammar, failure string) {
	t.Helper()
	dir, kind := t.TempDir(), kindOf(failure)
	small := minimized(g.document, 400, func(document object) bool {
		_, again := tried(dir, document, g.asJSON)
		return kindOf(again) == kind
	})
	_, failure = tried(dir, small, g.asJSON)
	text, _ := documentText(small, g.asJSON)
	t.Errorf("%s\n%s", failure, text)
}

// kindOf returns the first line of a failure without the parts that are specific to one
// document.
func kindOf(failure string) string {
	line, _, _ := strings.Cut(failure, "\n")
	return ofOneDocument.ReplaceAllString(line, "_")
}

var ofOneDocument = regexp.MustCompile(`"[^"]*"|'[^']*'|/tmp/[^ :]*|\d+`)

// tried generates the code of a document. A failure is a violation, with its kind up to a
// colon. A refusal is not a failure.
func tried(dir string, document object, asJSON bool) (made *attempt, failure string) {
	text, extension := documentText(document, asJSON)
	file := filepath.Join(dir, "spec"+extension)
	if err := os.WriteFile(file, text, 0o644); err != nil {
		panic(err)
	}
	made = &attempt{file: file}
	defer func() {
		if r := recover(); r != nil {
			failure = fmt.Sprintf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	made.code, made.warnings, made.err = generate(file, "")
	again, _, err := generate(file, "")
	switch {
	case fmt.Sprint(err) != fmt.Sprint(made.err):
		return made, fmt.Sprintf("two errors: %v\nand %v", made.err, err)
	case made.err != nil:
		return made, misplaced(made)
	case !bytes.Equal(made.code, again):
		return made, "two results: a second run gives other bytes"
	}
	for _, line := range made.warnings {
		if !hasPlace(file, line) {
			return made, "warning without a place: " + line
		}
	}
	if err := compiles(made.code); err != nil {
		return made, fmt.Sprintf("no Go: %v\n%s", err, linesAt(made.code, err))
	}
	return made, ""
}

// attempt is the result of generating a document.
type attempt struct {
	file     string
	code     []byte
	warnings []string
	err      error
}

// placeless matches the errors about a document as a whole.
var placeless = regexp.MustCompile(`^paths: no operation has a text/event-stream response$|: it is no OpenAPI document: it has no member "openapi"$|: Get "https://`)

// misplaced returns the first line of an error that has no place.
func misplaced(made *attempt) string {
	for line := range strings.SplitSeq(made.err.Error(), "\n") {
		if !hasPlace(made.file, line) && !placeless.MatchString(line) {
			return "error without a place: " + line
		}
	}
	return ""
}

func hasPlace(file, line string) bool {
	rest, ok := strings.CutPrefix(line, file+":")
	return ok && startsWithPosition.MatchString(rest)
}

var startsWithPosition = regexp.MustCompile(`^\d+:\d+: .`)

// linesAt returns the code at the place of a type checker's error.
func linesAt(code []byte, err error) string {
	var e types.Error
	if !errors.As(err, &e) {
		return ""
	}
	all := strings.Split(string(code), "\n")
	at := e.Fset.Position(e.Pos).Line
	return strings.Join(all[max(0, at-4):min(len(all), at+3)], "\n")
}

// exports returns the files with the types of the packages that generated code imports.
var exports = sync.OnceValues(func() (map[string]string, error) {
	packages := []string{
		"bytes", "compress/flate", "compress/gzip", "context", "encoding/base64", "encoding/json", "encoding/xml", "errors", "fmt", "io", "mime", "mime/multipart",
		"net/http", "net/url", "os", "path", "regexp", "strconv", "strings", "time",
		"github.com/oapi-codegen/runtime", "github.com/oapi-codegen/runtime/types", "github.com/oapi-codegen/runtime/strictmiddleware/nethttp", "github.com/mixstream/mixstream/contract",
	}
	out, err := exec.Command("go", append([]string{"list", "-export", "-deps", "-json=ImportPath,Export"}, packages...)...).Output()
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct{ ImportPath, Export string }
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return files, nil
		} else if err != nil {
			return nil, err
		}
		files[p.ImportPath] = p.Export
	}
})

// imported returns an importer for the packages that generated code imports; it reads each
// once.
var imported = sync.OnceValues(func() (types.Importer, error) {
	files, err := exports()
	if err != nil {
		return nil, err
	}
	return importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		if files[path] == "" {
			return nil, fmt.Errorf("%s is not among the packages that generated code imports", path)
		}
		return os.Open(files[path])
	}), nil
})

var compiling sync.Mutex // the importer is not safe for concurrent use

// compiles checks the types of a generated file against the types of its imports.
func compiles(code []byte) error {
	from, err := imported()
	if err != nil {
		return err
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "api.gen.go", code, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	compiling.Lock()
	defer compiling.Unlock()
	config := types.Config{Importer: from}
	_, err = config.Check(file.Name.Name, fset, []*ast.File{file}, nil)
	return err
}
