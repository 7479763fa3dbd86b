package main

import (
	"fmt"
	"go/ast"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/generator"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/oapi"
)

// specFiles returns the documents of testdata/specs.
func specFiles(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{"*.yaml", "*.json"} {
		files, err := filepath.Glob("testdata/specs/" + pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if isDocument(t, file) {
				all = append(all, file)
			}
		}
	}
	if len(all) < 9 {
		t.Fatalf("%d specs", len(all))
	}
	return all
}

// isDocument reports whether a file is a complete OpenAPI document.
func isDocument(t *testing.T, file string) bool {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var root struct {
		OpenAPI string `yaml:"openapi"`
	}
	return yaml.Unmarshal(text, &root) == nil && root.OpenAPI != ""
}

// specName returns the name of a document and of its Go package.
func specName(file string) (name, pkg string) {
	name = strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	return name, strings.NewReplacer("-", "", ".", "", "_", "").Replace(name)
}

// specConfig returns the configuration of a document: the file NAME.config beside it, or else
// the one that the command finds.
func specConfig(file string) string {
	if path := strings.TrimSuffix(file, filepath.Ext(file)) + ".config"; isFile(path) {
		return path
	}
	return findConfig("", file)
}

// TestSpecs generates each document of testdata/specs into one module. The output compiles,
// examples of each event travel unchanged from its server through cut connections to its client,
// and the generated code reads and writes what encoding/json does.
func TestSpecs(t *testing.T) {
	slow(t)
	o := newOutside(t, "../..")
	trip, err := os.ReadFile("testdata/trip.go.txt")
	if err != nil {
		t.Fatal(err)
	}
	o.write(t, "trips/trip_test.go", string(trip))
	o.writeSameJSON(t)
	for _, file := range append(specFiles(t), "../../openapi.yaml", limits, "testdata/streams.yaml") {
		name, pkg := specName(file)
		t.Run(name, func(t *testing.T) {
			args := []string{"-package", pkg, file}
			if config := specConfig(file); config != "" {
				args = []string{"-config", config, "-package", pkg, file}
			}
			o.eventgen(t, pkg, args...)
			o.write(t, "trips/"+pkg+"_test.go", tripsOf(t, o, file))
			o.write(t, "same/"+pkg+"_test.go", sameJSON(t, o, pkg, 300))
			if more, err := os.ReadFile("testdata/specs/" + name + ".go.txt"); err == nil {
				o.write(t, pkg+"/more_test.go", string(more))
			}
		})
	}
	if out, err := o.golang(t, "vet", "./..."); err != nil {
		t.Errorf("go vet: %v\n%s", err, out)
	}
	if out, err := o.golang(t, "test", "-vet=off", "-parallel=16", "./..."); err != nil {
		t.Errorf("go test: %v\n%s", err, out)
	}
}

// tripsOf returns the test of one package: a call of trip for each operation, with the
// examples of its events and the rows of specEvents.
func tripsOf(t *testing.T, o outside, file string) string {
	t.Helper()
	name, pkg := specName(file)
	vars := operations(t, o, pkg)
	cfg, err := loadConfig(specConfig(file), pkg, pkg)
	if err != nil {
		t.Fatal(err)
	}
	g := &generator.Generator{Spec: file, Config: cfg.Configuration}
	if err := g.Load(); err != nil {
		t.Fatal(err)
	}
	doc, streams := g.Copy(&g.Problems)
	var b strings.Builder
	fmt.Fprintf(&b, "package trips\n\nimport (\n\t\"testing\"\n\n\t%[1]s \"outside/%[1]s\"\n)\n\nfunc TestPackage_%[1]s(t *testing.T) {\n", pkg)
	for _, s := range streams {
		variable := vars[s.ID]
		delete(vars, s.ID)
		fmt.Fprintf(&b, "\ttrip(t, %s.%s,\n", pkg, variable)
		byHand := handRows(name, variable)
		rows := slices.Clone(byHand)
		for _, e := range s.Events {
			rows = append(rows, exampleRows(t, g, doc, s, e, byHand)...)
		}
		for _, r := range rows {
			fmt.Fprintf(&b, "\t\trow{%q, %q},\n", r.name, r.data)
		}
		b.WriteString("\t)\n")
	}
	if len(vars) > 0 {
		t.Errorf("no trip with %v", vars)
	}
	b.WriteString("}\n")
	return b.String()
}

// handRows returns the rows of specEvents for an operation.
func handRows(spec, variable string) (rows []wireEvent) {
	for _, r := range specEvents[spec] {
		if r.op == variable {
			rows = append(rows, r)
		}
	}
	return rows
}

// operations returns the variables of the operations of a generated package, by operationId.
func operations(t *testing.T, o outside, pkg string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(o.dir, pkg, "*.gen.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d generated files: %v", len(files), err)
	}
	vars := map[string]string{}
	for _, file := range files {
		code, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := oapi.ParsePackage(string(code))
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.File.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range g.Specs {
				v, ok := spec.(*ast.ValueSpec)
				if !ok || len(v.Values) != 1 || !strings.HasPrefix(parsed.Text(v.Values[0]), "contract.Operation[") {
					continue
				}
				for _, element := range v.Values[0].(*ast.CompositeLit).Elts {
					if kv, ok := element.(*ast.KeyValueExpr); ok && parsed.Text(kv.Key) == "ID" {
						id, err := strconv.Unquote(parsed.Text(kv.Value))
						if err != nil {
							t.Fatal(err)
						}
						vars[id] = v.Names[0].Name
					}
				}
			}
		}
	}
	return vars
}
