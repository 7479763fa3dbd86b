package gojson_test

import (
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"go.yaml.in/yaml/v3"
)

// schemaOf returns the schema of a YAML text that has no references.
func schemaOf(t *testing.T, text string) *openapi3.SchemaRef {
	t.Helper()
	var value any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	ref := new(openapi3.SchemaRef)
	data, err := openapi3.NewLoader().LoadFromData([]byte("{openapi: 3.1.0, info: {title: a, version: '1'}, paths: {}, components: {schemas: {S: " + text + "}}}"))
	if err != nil {
		t.Fatal(err)
	}
	*ref = *data.Components.Schemas["S"]
	return ref
}

// TestConstants writes strings that schemas require, and only those.
func TestConstants(t *testing.T) {
	const one = "type T struct{ A string `json:\"a,omitempty\"` }"
	const both = "{required: [a], properties: {a: {const: x}}}"
	for _, test := range []struct {
		name, code string
		schemas    []string
		want       string
		hint       bool
	}{
		{"const", one, []string{both}, `e.Const(v.A, "x")`, true},
		{"enum of one", one, []string{"{required: [a], properties: {a: {enum: [x]}}}"}, `e.Const(v.A, "x")`, true},
		{"through allOf", one, []string{"{allOf: [{required: [a]}, {allOf: [{properties: {a: {allOf: [{type: string}, {const: x}]}}}]}]}"}, `e.Const(v.A, "x")`, true},
		{"beside null", one, []string{"{anyOf: [{type: 'null'}, " + both + "]}"}, `e.Const(v.A, "x")`, true},
		{"narrowed", one, []string{"{allOf: [{required: [a], properties: {a: {enum: [x, y]}}}, {properties: {a: {enum: [x, z]}}}]}"}, `e.Const(v.A, "x")`, true},
		{"twice the same", one, []string{both, both}, `e.Const(v.A, "x")`, true},
		{"once without", one, []string{both, "{properties: {a: {type: string}}}"}, "e.StringMember(`\"a\":`, v.A)", true},
		{"once anything", one, []string{both, "{}"}, "e.StringMember(`\"a\":`, v.A)", true},
		{"differ", one, []string{both, "{required: [a], properties: {a: {const: y}}}"}, "e.StringMember(`\"a\":`, v.A)", true},
		{"optional", one, []string{"{properties: {a: {const: x}}}"}, "e.StringMember(`\"a\":`, v.A)", true},
		{"several", one, []string{"{required: [a], properties: {a: {enum: [x, y]}}}"}, "e.StringMember(`\"a\":`, v.A)", false},
		{"two alternatives", one, []string{"{oneOf: [" + both + ", {type: object}]}"}, "e.StringMember(`\"a\":`, v.A)", false},
		{"a number", one, []string{"{required: [a], properties: {a: {const: 1}}}"}, "e.StringMember(`\"a\":`, v.A)", false},
		{"a pointer", "type T struct{ A *string }", []string{"{required: [A], properties: {A: {const: x}}}"}, `e.String(*v.A)`, true},
		{"named", "type T struct{ A S }\ntype S string", []string{"{required: [A], properties: {A: {const: x}}}"}, `e.Const(string(v.A), "x")`, true},
		{"of an item", "type T struct{ A []T2 }\ntype T2 struct{ A string }", []string{"{properties: {A: {items: {required: [A], properties: {A: {const: x}}}}}}"}, `e.Const(v.A, "x")`, true},
		{"of an entry", "type T struct{ A map[string]*T2 }\ntype T2 struct{ A string }", []string{"{properties: {A: {additionalProperties: {required: [A], properties: {A: {const: x}}}}}}"}, `e.Const(v.A, "x")`, true},
		{"within a struct", "type T struct{ A struct{ B string } }", []string{"{properties: {A: {required: [B], properties: {B: {const: x}}}}}"}, `e.Const(v.A.B, "x")`, true},
		{"an item itself", "type T struct{ A []string }", []string{"{properties: {A: {items: {const: x}}}}"}, `e.String(item)`, false},
	} {
		types := typesOf(t, test.code, nil)
		for _, schema := range test.schemas {
			types.Named("T").Compare(schemaOf(t, schema))
		}
		_, _ = types.Named("T").Decode("d", "v"), types.Named("T").Encode("e", "v")
		if source := types.Source(); !strings.Contains(source, test.want) || strings.Contains(source, `d.Const("x")`) != test.hint {
			t.Errorf("%s: got\n%s\nwant %s, %t", test.name, source, test.want, test.hint)
		}
	}
}

// TestValue reads and writes data that is no struct.
func TestValue(t *testing.T) {
	for _, test := range []struct{ field, schema, typ, decode, encode string }{
		{"string", "{const: x}", "string", `v.Value = d.Const("x")`, `e.Const(v.Value, "x")`},
		{"string", "{type: string}", "string", `v.Value = d.String()`, `e.String(v.Value)`},
		{"*[]int", "{}", "*[]int", "if eventjson.Pointer(d, &v.Value) {\nfor ok := eventjson.Slice(d, v.Value)", "if v.Value == nil {\ne.Null()\n} else {\nif *v.Value == nil {"},
		{"time.Time", "{}", "time.Time", "{\nd.JSON(&v.Value)\n}", "{\ne.JSON(&v.Value)\n}"},
		{"struct{ A bool }", "{}", "struct{ A bool }", "{\nfor ok := d.Object(); ok; ok = d.NextMember() {", "{\ne.Object()"},
	} {
		types := typesOf(t, "type T struct{ Value "+test.field+" `json:\"value\"` }", nil)
		data := types.ValueOf("T")
		data.Compare(schemaOf(t, test.schema))
		decode, encode := data.Decode("d", "v"), data.Encode("e", "v")
		source := types.Source()
		if decode != "decodeT(&d, v)" || encode != "encodeT(&e, v)" || data.Type() != test.typ || !strings.Contains(source, test.decode) || !strings.Contains(source, test.encode) {
			t.Errorf("%s: %s, %s, %s\n%s", test.field, decode, encode, data.Type(), source)
		}
	}
}
