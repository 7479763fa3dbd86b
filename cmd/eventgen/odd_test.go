package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestOddNames generates code for documents with names and types for which oapi-codegen alone
// makes code that does not compile, or none.
func TestOddNames(t *testing.T) {
	for name, tc := range map[string]struct{ path, parameters, Schemas, want string }{
		"variables of the path": {
			"/{url}/{params}/{server}/{body}/{r}/{nil}/{string}",
			"{in: path, name: url, required: true, schema: {type: string}}, {in: path, name: params, required: true, schema: {type: string}}, {in: path, name: server, required: true, schema: {type: string}}, {in: path, name: body, required: true, schema: {type: string}}, {in: path, name: r, required: true, schema: {type: string}}, {in: path, name: nil, required: true, schema: {type: string}}, {in: path, name: string, required: true, schema: {type: string}}",
			"Data: {type: object, properties: {a: {type: string}}}", "\tBody        string\n\tR           string\n\tNil         string\n\tString      string\n\tRequestBody WatchJSONRequestBody\n",
		},
		"escapes in references": {
			"/", "", "Data: {type: object, properties: {a: {$ref: '#/components/schemas/a~0b'}, b: {$ref: '#/components/schemas/with%20space'}, c: {$ref: '#/components/schemas/c~1d'}}}\n    a~b: {type: object, properties: {x: {type: string}}}\n    with space: {type: object, properties: {y: {type: string}}}\n    c/d: {type: object, properties: {z: {type: string}}}",
			"B *WithSpace",
		},
		"a digit first":            {"/", "", "Data: {$ref: '#/components/schemas/12th'}\n    12th: {type: object, properties: {a: {anyOf: [{type: string}, {type: integer}]}}}", "type N12Th struct"},
		"many types":               {"/", "", "Data: {type: object, required: [a, b], properties: {a: {type: [string, integer, 'null']}, b: {type: [integer, number]}}}", "\tB Data_B "},
		"a slash":                  {"/", "", "Data: {oneOf: [{$ref: '#/components/schemas/~1~1'}]}\n    //: {properties: {a: {enum: [b]}}}", "case \"made\":"},
		"a schema without letters": {"/", "", "Data: {type: object, properties: {a: {$ref: '#/components/schemas/日本'}}}\n    日本: {type: string}", "// WatchMade is"},
	} {
		t.Run(name, func(t *testing.T) {
			spec := filepath.Join(t.TempDir(), "spec.yaml")
			if err := os.WriteFile(spec, fmt.Appendf(nil, oddSpec, tc.path, tc.parameters, tc.Schemas), 0o644); err != nil {
				t.Fatal(err)
			}
			code := mustGenerate(t, spec, "")
			if err := compiles(code); err != nil {
				t.Errorf("%v\n%s", err, linesAt(code, err))
			}
			if !strings.Contains(string(code), tc.want) {
				t.Errorf("it has no %q:\n%s", tc.want, code)
			}
		})
	}
}

const oddSpec = `openapi: 3.1.0
info: {title: T, version: "1"}
paths:
  %s:
    post:
      operationId: watch
      parameters: [%s]
      requestBody: {required: true, content: {application/json: {schema: {type: object, properties: {a: {type: string}}}}}}
      responses: {"200": {description: D, content: {text/event-stream: {schema: {properties: {event: {const: made}, data: {$ref: '#/components/schemas/Data'}}}}}}}
components:
  schemas:
    %s
`

// TestNamedParts generates objects within inline data whose names are not identifiers.
func TestNamedParts(t *testing.T) {
	spec := edit(t, madeData, "data: {type: object, properties: {sub-total: {type: object, properties: {a-b: {type: string}}}}}")
	if err := compiles(mustGenerate(t, spec, testConfig)); err != nil {
		t.Error(err)
	}
}

// TestOddEvent generates an event whose schema has no valid Go name.
func TestOddEvent(t *testing.T) {
	spec := edit(t, streamRef, "schema: {$ref: '#/components/schemas/%20'}", moreSchemas, moreSchemas+"    ' ': {properties: {data: {$ref: '#/components/schemas/MadeData'}}}\n")
	if err := compiles(mustGenerate(t, spec, testConfig)); err != nil {
		t.Error(err)
	}
}

// TestEmptyAlternative warns of an empty alternative and gives its place.
func TestEmptyAlternative(t *testing.T) {
	spec := edit(t, streamRef, "schema: {oneOf: [{}, {properties: {event: {const: a}, data: {type: string}}}]}")
	_, warnings, err := generate(spec, testConfig)
	if err != nil || len(warnings) == 0 {
		t.Fatalf("%q, %v", warnings, err)
	}
	for _, line := range warnings {
		if !hasPlace(spec, line) {
			t.Errorf("without a place: %s", line)
		}
	}
}

// TestEmbeddedNames checks that the embedded document is the author's.
func TestEmbeddedNames(t *testing.T) {
	dir := t.TempDir()
	spec, config := filepath.Join(dir, "spec.yaml"), filepath.Join(dir, "oapi.yaml")
	if err := os.WriteFile(spec, fmt.Appendf(nil, oddSpec, "/", "", "Data: {type: object, properties: {a: {$ref: '#/components/schemas/12th'}}}\n    12th: {type: string}"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(config, []byte("generate: {models: true, embedded-spec: true}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	code := mustGenerate(t, spec, config)
	if err := os.WriteFile(spec, fmt.Appendf(nil, oddSpec, "/", "", "Data: {type: object, properties: {a: {$ref: '#/components/schemas/N12th'}}}\n    N12th: {type: string}"), 0o644); err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(code, mustGenerate(t, spec, config)) {
		t.Error("the embedded document has other names")
	}
}

// TestRefuseOddNames reads why a name cannot be generated, with the place.
func TestRefuseOddNames(t *testing.T) {
	for name, tc := range map[string]struct{ path, parameters, Schemas, want string }{
		"property":            {"/", "", "Data: {type: object, properties: {' ': {type: string}}}", `…:12:26: Data: the property " " has a name that yields no Go name: give it one with x-go-name`},
		"property in JSON":    {"/", "", "Data: {type: object, properties: {\"a'b\": {type: string}}}", `…:12:26: Data: the property "a'b" has a name that the JSON tag of a Go field cannot hold: rename the property`},
		"property left out":   {"/", "", "Data: {type: object, properties: {'-': {type: string}}}", `…:12:26: Data: the property "-" has a name that the JSON tag of a Go field cannot hold: rename the property`},
		"parameter":           {"/{@}", "{in: path, name: '@', required: true, schema: {type: string}}", "Data: {type: string}", ""},
		"a type of a body":    {"/", "{in: query, name: a, schema: {type: ''}}", "Data: {type: string}", ""},
		"a component":         {"/", "", "Data: {type: string}\n  parameters:\n    '@': {in: query, name: a, schema: {type: string}}", ""},
		"a quote in the path": {`/{a"b}`, `{in: path, name: 'a"b', required: true, schema: {type: string}}`, "Data: {type: string}", ""},
		"a line end":          {"/", "", "Data: {$ref: \"#/components/schemas/a\\n\"}", ""},
	} {
		t.Run(name, func(t *testing.T) {
			spec := filepath.Join(t.TempDir(), "spec.yaml")
			text := fmt.Sprintf(oddSpec, tc.path, tc.parameters, tc.Schemas)
			if err := os.WriteFile(spec, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			_, _, err := generate(spec, "")
			if err == nil {
				t.Fatal("it is generated")
			}
			if failure := misplaced(&attempt{file: spec, err: err}); failure != "" {
				t.Error(failure)
			}
			if got := strings.ReplaceAll(err.Error(), spec, "…"); tc.want != "" && got != tc.want {
				t.Errorf("error:\n%s\nwant:\n%s", got, tc.want)
			}
		})
	}
}

// TestRenamedData generates data whose schema gets another Go name: the field keeps its own.
func TestRenamedData(t *testing.T) {
	spec := writeSpec(t, "spec.yaml", oneSchema+"    E: {type: object, properties: {data: {$ref: '#/components/schemas/Client'}, of-it: {$ref: '#/components/schemas/Client'}}}\n    Client: {}\n")
	if err := compiles(mustGenerate(t, spec, "")); err != nil {
		t.Error(err)
	}
	event := editFile(t, spec, "E: {type: object, properties: {data: {$ref: '#/components/schemas/Client'}, of-it: {$ref: '#/components/schemas/Client'}}}", "E: {properties: {data: {$ref: '#/components/schemas/Client'}}}")
	if err := compiles(mustGenerate(t, event, "")); err != nil {
		t.Error(err)
	}
}
