package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/document"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/generator"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
)

const exactHead = `openapi: 3.1.0
info: {title: é, version: '1'}
paths:
  /stream:
    get:
      operationId: streamEvents
      responses:
        '200': {description: ., content: {text/event-stream: {schema: {$ref: '#/components/schemas/Data'}}}}
`

// TestExactNumbers reads numbers in every form of YAML, everywhere in a schema.
func TestExactNumbers(t *testing.T) {
	for _, test := range []struct{ name, spec, want string }{
		{"integers", "{minimum: 9007199254740993, maximum: 9223372036854775807}", `Minimum: "9007199254740993", Maximum: "9223372036854775807"`},
		{"negative", "{minimum: -9223372036854775807, exclusiveMaximum: -0.1}", `Minimum: "-9223372036854775807", ExclusiveMaximum: "-0.1"`},
		{"beyond int64", "{minimum: 18446744073709551615, maximum: 99999999999999999999999}", `Minimum: "18446744073709551615", Maximum: "99999999999999999999999"`},
		{"hexadecimal", "{minimum: 0x1F, maximum: 0x7fffffffffffffff}", `Minimum: "31", Maximum: "9223372036854775807"`},
		{"octal and binary", "{minimum: 0o17, maximum: 0b11, exclusiveMaximum: 017}", `Minimum: "15", Maximum: "3", ExclusiveMaximum: "15"`},
		{"underscores", "{minimum: 1_000, maximum: 9_007_199_254_740_993}", `Minimum: "1000", Maximum: "9007199254740993"`},
		{"exponents", "{minimum: 1e3, maximum: 1E+30, multipleOf: 1e-2}", `Minimum: "1e3", Maximum: "1E+30", MultipleOf: "1e-2"`},
		{"points", "{minimum: .5, maximum: 5., exclusiveMinimum: -.25}", `Minimum: "0.5", Maximum: "5", ExclusiveMinimum: "-0.25"`},
		{"plus", "{minimum: +5, exclusiveMaximum: +0.5}", `Minimum: "5", ExclusiveMaximum: "0.5"`},
		{"many digits", "{minimum: 0.1000000000000000055, multipleOf: 0.3000000000000000000001}", `Minimum: "0.1000000000000000055", MultipleOf: "0.3000000000000000000001"`},
		{"quoted keys", `{"minimum": 9007199254740993, 'maximum': 9007199254740995}`, `Minimum: "9007199254740993", Maximum: "9007199254740995"`},
		{"block style", "\n      # 9007199254740991\n      minimum:\n        9007199254740993\n      maximum: !!int 9007199254740995", `Minimum: "9007199254740993", Maximum: "9007199254740995"`},
		{"behind wide characters", "{description: 'é€😀', minimum: 9007199254740993}", `Minimum: "9007199254740993"`},
		{"alias", "{minimum: *big}", `Minimum: "9007199254740993"`},
		{"alias of a schema", "*bounds", `Minimum: "9007199254740995", Maximum: "9007199254740997"`},
		{"merge key", "{<<: *bounds, maximum: 9007199254740999}", `Minimum: "9007199254740995", Maximum: "9007199254740999"`},
		{"merge keys", "{<<: [{type: integer}, *bounds]}", `Types: []string{"integer"}, Minimum: "9007199254740995", Maximum: "9007199254740997"`},
		{"beside a reference", "{$ref: '#/components/schemas/Other', maximum: 9007199254740993}", `Minimum: "9007199254740997", AllOf: []jsonschema.Schema{ {Maximum: "9007199254740993"}, }`},
		{"enum", "{enum: [9223372036854775807, 1.0, x, 0x7fffffffffffffff, '9007199254740993']}", `Enum: []any{jsonschema.Number("9223372036854775807"), jsonschema.Number("1"), "x", jsonschema.Number("9223372036854775807"), "9007199254740993"}`},
		{"enum that is nested", "{enum: [{a: [9007199254740993, *big], b: {c: 0.1000000000000000055}}]}", `Enum: []any{map[string]any{"a": []any{jsonschema.Number("9007199254740993"), jsonschema.Number("9007199254740993")}, "b": map[string]any{"c": jsonschema.Number("0.1000000000000000055")}}}`},
		{"enum beyond float64", "{enum: [1e400, '1e400']}", `Enum: []any{jsonschema.Number("1e400"), "1e400"}`},
		{"const", "{const: -9007199254740993}", `Enum: []any{jsonschema.Number("-9007199254740993")}`},
		{"const null", "{const: null}", `Enum: []any{nil}`},
		{"const out of the enum", "{const: 9007199254740993, enum: [9007199254740992]}", `Never: true`},
	} {
		t.Run(test.name, func(t *testing.T) {
			spec := exactHead + "x-big: &big 9007199254740993\nx-bounds: &bounds {minimum: 9007199254740995, maximum: 9007199254740997}\n" +
				"components:\n  schemas:\n    Other: {minimum: 9007199254740997}\n    Data: " + test.spec + "\n"
			for _, text := range []string{spec, strings.ReplaceAll(spec, "\n", "\r\n"), "# x\n---\n" + spec} {
				literal, warnings := literalAndWarnings(t, text, "Data")
				got := strings.Join(strings.Fields(strings.ReplaceAll(literal, ", }", "}")), " ")
				if !strings.Contains(got, `"Data": { `+test.want+`, },`) || len(warnings) > 0 {
					t.Errorf("got %s %v\nwant %s", got, warnings, test.want)
				}
			}
		})
	}
}

// TestExactNumbersOfFiles reads numbers of a component in another file, which is JSON.
func TestExactNumbersOfFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a b%20c")
	spec := filepath.Join(dir, "spec.yaml")
	writeFiles(t, map[string]string{
		spec: exactHead + "components:\n  schemas:\n    Data: {$ref: 'other.json#/components/schemas/Data'}\n",
		filepath.Join(dir, "other.json"): `{"components": {"schemas": {
	"Data": {"type": "object", "properties": {"count": {"$ref": "#/components/schemas/Count"}, "size": {"type": "integer", "maximum": 9223372036854775807}}},
	"Count": {"type": "integer", "format": "int64", "enum": [9223372036854775807, -9007199254740993]}
}}}`,
	})
	literal, warnings := literalOfFile(t, spec, "Data")
	if len(warnings) > 0 {
		t.Errorf("warnings: %v", warnings)
	}
	for _, want := range []string{`Maximum: "9223372036854775807"`, `jsonschema.Number("9223372036854775807"), jsonschema.Number("-9007199254740993")`} {
		if !strings.Contains(literal, want) {
			t.Errorf("no %s in:\n%s", want, literal)
		}
	}
}

// TestExactConstants finds the constants of an enum beyond 2^53 in the Go code, for YAML and
// JSON, wherever the enum occurs.
func TestExactConstants(t *testing.T) {
	spec := filepath.Join(t.TempDir(), "spec.json")
	writeFiles(t, map[string]string{spec: `{
	"openapi": "3.0.3", "info": {"title": "a", "version": "1"},
	"paths": {
		"/stream": {"get": {"operationId": "streamEvents", "responses": {"200": {"description": ".", "content": {"text/event-stream": {"schema": {"$ref": "#/components/schemas/Data"}}}}}}},
		"/other": {"get": {"operationId": "other", "parameters": [{"name": "size", "in": "query", "schema": {"type": "integer", "format": "int64", "enum": [9007199254740995]}}], "responses": {"200": {"description": "."}}}}
	},
	"components": {"schemas": {
		"Data": {"type": "object", "properties": {"count": {"$ref": "#/components/schemas/Count"}}},
		"Count": {"type": "integer", "format": "int64", "enum": [9223372036854775807, -9007199254740993, 7]}
	}}
}`})
	code := string(mustGenerate(t, spec, ""))
	for _, want := range []string{"= 9223372036854775807\n", "= -9007199254740993\n", "= 9007199254740995\n", "= 7\n", `jsonschema.Number("9223372036854775807")`} {
		if !strings.Contains(code, want) {
			t.Errorf("no %q in:\n%s", want, code)
		}
	}
}

// TestExactNumbersOfOverlay warns of a number whose text cannot be found.
func TestExactNumbersOfOverlay(t *testing.T) {
	dir := t.TempDir()
	spec, overlay := filepath.Join(dir, "spec.yaml"), filepath.Join(dir, "overlay.yaml")
	writeFiles(t, map[string]string{
		spec:    exactHead + "components:\n  schemas:\n    Data: {type: object, properties: {a: {type: integer, maximum: 9007199254740993}, b: {type: number, maximum: 0.5}, c: {enum: [{d: [9007199254740993]}, 1.5]}, e: {enum: [0.1, 7]}}}\n",
		overlay: "overlay: 1.0.0\ninfo: {title: a, version: '1'}\nactions: [{target: $.info, update: {title: b}}]\n",
	})
	cfg := defaultConfig().UpdateDefaults()
	cfg.PackageName = "api"
	cfg.OutputOptions.Overlay = codegen.OutputOptionsOverlay{Path: overlay}
	g := &generator.Generator{Spec: spec, Config: cfg, Output: "nowhere/api.gen.go"}
	code, err := g.Generate()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`Maximum: "9007199254740992"`, `Maximum: "0.5"`} {
		if !strings.Contains(string(code), want) {
			t.Errorf("no %s", want)
		}
	}
	const cannot = ", which may be rounded: eventgen cannot find it in the text of the document"
	got, want := source.Lines(g.Problems.Warnings), []string{
		spec + ": Data: enum contains a number beyond 2^53" + cannot,
		spec + ": Data: maximum is checked as 9007199254740992" + cannot,
	}
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("warnings: %q", got)
	}
}

// TestExactNumbersOfAnotherFile keeps kin-openapi's numbers if the file changed after loading.
func TestExactNumbersOfAnotherFile(t *testing.T) {
	spec := filepath.Join(t.TempDir(), "spec.yaml")
	const body = "components:\n  schemas:\n    Data: {maximum: 7, enum: [9007199254740993]}\n"
	writeFiles(t, map[string]string{spec: exactHead + body})
	doc, err := document.Load(spec, codegen.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	writeFiles(t, map[string]string{spec: exactHead + strings.NewReplacer("7,", "8,", "0993]", "0999]").Replace(body)})
	var x document.Numbers
	x.Restore(doc)
	s := doc.Components.Schemas["Data"].Value
	if text, found := x.Bound(s, "maximum", *s.Max); text != "7" || found || s.Enum[0] != float64(9007199254740992) {
		t.Errorf("got %s, %v, %v", text, found, s.Enum)
	}
}

func writeFiles(t *testing.T, files map[string]string) {
	t.Helper()
	for path, text := range files {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
