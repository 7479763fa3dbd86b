package main

import (
	"bytes"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

const testConfig = "testdata/oapi-codegen.yaml"

// TestGolden compares the output for small specs with golden files, twice, since
// nothing in it may depend on the order of a map.
func TestGolden(t *testing.T) {
	for _, name := range []string{"minimal", "prefixes", "names", "limits"} {
		t.Run(name, func(t *testing.T) {
			spec := filepath.Join("testdata", name+".yaml")
			golden := filepath.Join("testdata", name+".golden")
			got := mustGenerate(t, spec, testConfig)
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			compare(t, golden, got)
			for range 5 {
				if again := mustGenerate(t, spec, testConfig); !bytes.Equal(got, again) {
					t.Fatal("a second run gave other bytes")
				}
			}
			typeCheck(t, spec, got)
		})
	}
}

// TestCheckedIn sees to it that the generated file of this repository is that of
// its spec.
func TestCheckedIn(t *testing.T) {
	const root = "../../"
	compare(t, root+"gen/events.gen.go", mustGenerate(t, root+"openapi.yaml", root+"gen/oapi-codegen.yaml"))
}

func mustGenerate(t *testing.T, spec, config string) []byte {
	t.Helper()
	code, err := generate(spec, config)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// compare fails at the first line in which got is not what the file holds.
func compare(t *testing.T, file string, got []byte) {
	t.Helper()
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	gotLines, wantLines := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	for i := range max(len(gotLines), len(wantLines)) {
		if i >= len(gotLines) || i >= len(wantLines) {
			t.Fatalf("%s has %d lines, and %d are generated", file, len(wantLines), len(gotLines))
		}
		if gotLines[i] != wantLines[i] {
			t.Fatalf("%s:%d:\n  is        %s\n  generated %s", file, i+1, wantLines[i], gotLines[i])
		}
	}
}

// typeCheck checks the generated file together with oapi-codegen's output. It
// imports nothing, and so takes milliseconds: go/types lets pass whatever is
// said of a package that it could not import, and finds every name that is
// missing or declared twice in this one.
func typeCheck(t *testing.T, spec string, generated []byte) {
	t.Helper()
	cfg, err := loadConfig(testConfig)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := loadSpec(spec, cfg)
	if err != nil {
		t.Fatal(err)
	}
	code, err := codegen.Generate(doc, cfg)
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	var files []*ast.File
	for name, source := range map[string]any{"api.gen.go": code, "events.gen.go": generated} {
		f, err := parser.ParseFile(fset, name, source, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	for _, arch := range []string{"amd64", "386"} { // with an int of 64 bits, and of 32
		config := types.Config{
			Importer: noImporter{},
			Sizes:    types.SizesFor("gc", arch),
			Error: func(err error) {
				if !strings.Contains(err.Error(), "could not import") {
					t.Errorf("%s: %v", arch, err)
				}
			},
		}
		// Error has had every error.
		_, _ = config.Check("api", fset, files, nil)
	}
}

// noImporter is an importer that has no package.
type noImporter struct{}

func (noImporter) Import(string) (*types.Package, error) { return nil, io.EOF }
