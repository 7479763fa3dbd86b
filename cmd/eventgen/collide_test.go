package main

import (
	"encoding/json"
	"go/ast"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/oapi"
)

// oneSchema is the beginning of a document whose stream is one schema, called E.
const oneSchema = `openapi: 3.1.0
info: {title: One, version: 1.0.0}
paths:
  /a: {get: {operationId: watch, responses: {'200': {description: d, content: {text/event-stream: {schema: {$ref: '#/components/schemas/E'}}}}}}}
components:
  schemas:
`

// goFields returns the Go names of the fields of a struct by their JSON names.
func goFields(t *testing.T, spec, name string) map[string]string {
	t.Helper()
	pkg, err := oapi.ParsePackage(string(mustGenerate(t, spec, "")))
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	for _, f := range pkg.Fields(name) {
		names[f.Tag] = f.Name
	}
	return names
}

// TestFieldsOfOneName adds properties that become the same Go field. An existing property
// keeps its name, and a property without a rival has the plain one.
func TestFieldsOfOneName(t *testing.T) {
	const schemas = `    E: {allOf: [{$ref: '#/components/schemas/A'}, {$ref: '#/components/schemas/B'}], properties: {fooBar: {type: integer}LATER}}
    A: {type: object, properties: {foo-bar: {type: string}}}
    B: {type: object, properties: {foo_bar: {$ref: '#/components/schemas/A'}}}
    C: {type: object, properties: {in: {type: object, properties: {a.b: {type: string}, a_b: {type: string, x-go-name: Own}, a-b: {type: integer}}}}}
`
	before := goFields(t, writeSpec(t, "spec.yaml", oneSchema+strings.Replace(schemas, "LATER", "", 1)), "E")
	want := map[string]string{"foo-bar": "FooBar", "foo_bar": "FooBar2", "fooBar": "FooBar3"}
	if !maps.Equal(before, want) {
		t.Errorf("fields %v, want %v", before, want)
	}
	spec := writeSpec(t, "spec.yaml", oneSchema+strings.Replace(schemas, "LATER", ", foo.bar: {type: string}, FooBar2: {type: string}", 1))
	after := goFields(t, spec, "E")
	want["foo.bar"], want["FooBar2"] = "FooBar4", "FooBar22"
	if !maps.Equal(after, want) {
		t.Errorf("fields %v, want %v", after, want)
	}
	for name, want := range map[string]map[string]string{"A": {"foo-bar": "FooBar"}, "B": {"foo_bar": "FooBar"}} {
		if got := goFields(t, spec, name); !maps.Equal(got, want) {
			t.Errorf("fields of %s: %v, want %v", name, got, want)
		}
	}
}

// TestTypesOfOneName generates components with the same Go name. A schema keeps it before a
// response of the document or of the client; the client itself keeps it before a schema.
func TestTypesOfOneName(t *testing.T) {
	spec := writeSpec(t, "spec.yaml", strings.Replace(oneSchema, "responses: {", "responses: {default: {$ref: '#/components/responses/E'}, ", 1)+
		"    E: {type: object, properties: {of: {$ref: '#/components/schemas/Client'}}}\n"+
		"    made-data: {type: object, properties: {a: {type: string}}}\n"+
		"    MadeData: {type: object, properties: {b: {type: string}}}\n"+
		"    Client: {type: object, properties: {c: {type: string}}}\n"+
		"    WatchResponse: {type: object, properties: {d: {type: string}}}\n"+
		"    UnknownEvent: {type: object, properties: {e: {type: string}}}\n"+
		"  responses:\n    E: {description: d, content: {application/json: {schema: {$ref: '#/components/schemas/E'}}}}\n")
	pkg, err := oapi.ParsePackage(string(mustGenerate(t, spec, "")))
	if err != nil {
		t.Fatal(err)
	}
	for name, field := range map[string]string{
		"E": "Of", "MadeData": "A", "MadeData2": "B", "ClientModel": "C", "WatchResponse": "D", "UnknownEventModel": "E",
	} {
		if fields := pkg.Fields(name); len(fields) != 1 || fields[0].Name != field {
			t.Errorf("%s has the fields %v, want %s", name, fields, field)
		}
	}
}

// TestJSONSpec compares the code for a document in JSON, with tabs and a byte order mark, with
// the code for the same document in YAML.
func TestJSONSpec(t *testing.T) {
	const file = "testdata/specs/openapi30.yaml"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var doc any
	if err := yaml.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	data, err := json.MarshalIndent(doc, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	want := string(mustGenerate(t, file, ""))
	got := string(mustGenerate(t, writeSpec(t, "openapi30.json", "\ufeff"+string(data)), ""))
	if strings.Replace(got, "openapi30.json", "openapi30.yaml", 1) != want {
		t.Error("the code differs from that of the document in YAML")
	}
}

func writeSpec(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestFunctionsOfOneName generates components whose Go names are close to those of functions.
func TestFunctionsOfOneName(t *testing.T) {
	spec := writeSpec(t, "spec.yaml", oneSchema+
		"    E: {type: object, properties: {"+
		"a: {$ref: '#/components/schemas/Order'}, b: {$ref: '#/components/schemas/order'}, c: {$ref: '#/components/schemas/decodeOrder'}, "+
		"d: {$ref: '#/components/schemas/DecodeOrder'}, e: {$ref: '#/components/schemas/given'}, f: {$ref: '#/components/schemas/OTHER'}, g: {$ref: '#/components/schemas/Other'}}}\n"+
		"    Order: {type: object, properties: {a: {type: string}}}\n"+
		"    order: {type: object, properties: {b: {type: string}}}\n"+
		"    decodeOrder: {type: object, properties: {c: {type: string}}}\n"+
		"    DecodeOrder: {type: object, properties: {d: {type: string}}}\n"+
		"    given: {type: object, x-go-name: decodeE, properties: {e: {type: string}}}\n"+
		"    OTHER: {type: object, properties: {a: {type: string}}}\n"+
		"    Other: {type: object, properties: {b: {type: string}}}\n")
	pkg, err := oapi.ParsePackage(string(mustGenerate(t, spec, "")))
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, d := range pkg.File.Decls {
		d, ok := d.(*ast.FuncDecl)
		if !ok || d.Recv != nil || !strings.HasPrefix(d.Name.Name, "decode") && !strings.HasPrefix(d.Name.Name, "encode") {
			continue
		}
		if names[d.Name.Name] || pkg.Types[d.Name.Name] != nil {
			t.Errorf("%s is declared twice", d.Name.Name)
		}
		names[d.Name.Name] = true
	}
	if len(names) != 16 {
		t.Errorf("%d functions: %v", len(names), slices.Sorted(maps.Keys(names)))
	}
}
