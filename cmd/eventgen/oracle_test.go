package main

import (
	"encoding/json"
	"go/parser"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	validator "github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/check"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/generator"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
	"github.com/mixstream/mixstream/contract/jsonschema"
)

// TestOracle compares the generated check of random schemas with a validator of JSON Schema.
func TestOracle(t *testing.T) {
	var total tally
	for seed := range uint64(400) {
		total.add(t, seed)
	}
	t.Logf("%+v", total)
	if total.fit < total.checks/10 || total.fit > total.checks*9/10 || total.loose < 10 {
		t.Errorf("the data says little: %+v", total)
	}
}

// FuzzCheck is TestOracle for any seed.
func FuzzCheck(f *testing.F) {
	f.Add(uint64(1 << 40))
	f.Fuzz(func(t *testing.T, seed uint64) { new(tally).add(t, seed) })
}

// tally counts the comparisons.
type tally struct{ checks, fit, loose int }

func (total *tally) add(t *testing.T, seed uint64) {
	t.Helper()
	m := &schemaMaker{Rand: rand.New(rand.NewPCG(seed, 17))}
	components := map[string]any{}
	for _, name := range []string{"Leaf", "List", "Data"} {
		components[name] = m.schema(3)
		m.components = append(m.components, name)
	}
	text, err := json.MarshalIndent(map[string]any{
		"openapi": "3.1.0", "info": map[string]any{"title": "é", "version": "1"}, "paths": map[string]any{},
		"components": map[string]any{"schemas": components},
	}, "", strings.Repeat(" ", m.IntN(3)))
	if err != nil {
		t.Fatal(err)
	}
	all, loose := checksOf(t, string(text), "Data")
	rules := &jsonschema.Rules{All: &all, Schema: "Data"}
	oracle := compileSchema(t, string(text), "Data")
	for range 60 {
		data, err := json.Marshal(m.data(3))
		if err != nil {
			t.Fatal(err)
		}
		value, err := validator.UnmarshalJSON(strings.NewReader(string(data)))
		if err != nil {
			t.Fatal(err)
		}
		want, got := oracle.Validate(value), rules.Check(data)
		if total.checks++; got == nil {
			total.fit++
		}
		if loose {
			total.loose++
		}
		if (got == nil) != (want == nil) && (!loose || got != nil) {
			t.Fatalf("seed %d: %s\nis told: %v\nand should be: %v\nschemas: %s\n%s", seed, data, got, want, text, literalOf(t, string(text), "Data"))
		}
	}
}

// checksOf returns the generated schemas for a component of a document, and whether a part of
// them is not checked.
func checksOf(t *testing.T, spec, name string) (all jsonschema.Schemas, loose bool) {
	t.Helper()
	literal, warnings := literalAndWarnings(t, spec, name)
	expr, err := parser.ParseExpr("jsonschema.Schemas{\n" + literal + "}")
	if err != nil {
		t.Fatalf("%v in:\n%s", err, literal)
	}
	return evaluate(expr, reflect.TypeFor[jsonschema.Schemas]()).Interface().(jsonschema.Schemas), len(warnings) > 0
}

func literalOf(t *testing.T, spec, name string) string {
	t.Helper()
	literal, _ := literalAndWarnings(t, spec, name)
	return literal
}

func literalAndWarnings(t *testing.T, spec, name string) (literal string, warnings []source.Problem) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "spec.yaml")
	if err := os.WriteFile(path, []byte(spec), 0o644); err != nil {
		t.Fatal(err)
	}
	return literalOfFile(t, path, name)
}

func literalOfFile(t *testing.T, path, name string) (literal string, warnings []source.Problem) {
	t.Helper()
	g := &generator.Generator{Spec: path}
	doc, err := g.LoadSpec()
	if err != nil {
		t.Fatal(err)
	}
	checked := check.New(doc, &g.Exact, &g.Problems)
	checked.Add(&openapi3.SchemaRef{Ref: "#/components/schemas/" + name, Value: doc.Components.Schemas[name].Value}, name)
	literal = checked.Literal()
	if err := g.Problems.Err(); err != nil {
		t.Fatal(err)
	}
	return literal, g.Problems.Warnings
}

func compileSchema(t *testing.T, spec, name string) *validator.Schema {
	t.Helper()
	document, err := validator.UnmarshalJSON(strings.NewReader(spec))
	if err != nil {
		t.Fatal(err)
	}
	compiler := validator.NewCompiler()
	compiler.DefaultDraft(validator.Draft2020)
	compiler.UseRegexpEngine(func(pattern string) (validator.Regexp, error) {
		if pattern == lookahead {
			return containsA{}, nil
		}
		return regexp.Compile(pattern)
	})
	if err := compiler.AddResource("file:///spec.yaml", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("file:///spec.yaml#/components/schemas/" + name)
	if err != nil {
		t.Fatalf("%v in:\n%s", err, spec)
	}
	return schema
}

// lookahead is a pattern that Go does not support, and containsA is its meaning.
const lookahead = "(?=a)"

type containsA struct{}

func (containsA) MatchString(s string) bool { return strings.Contains(s, "a") }
func (containsA) String() string            { return lookahead }

// schemaMaker makes random schemas, and data for them.
type schemaMaker struct {
	*rand.Rand
	made       int      // schemas
	components []string // to refer to
}

var (
	numbersNearLimits = []json.Number{
		"0", "1", "2", "3", "-1", "1.0", "0.1", "0.3", "1.5", "1e2", "100",
		"9007199254740991", "9007199254740992", "9007199254740993", "-9007199254740993",
		"9223372036854775806", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
		"18446744073709551615", "18446744073709551616", "0.1000000000000000055", "9007199254740992.5",
	}
	someNames   = []string{"a", "b", "ab", "x-1", "x-2"}
	someStrings = []string{"", "a", "b", "ab", "x-1", "é", "\n", "a\u2028"}
	somePattern = []string{"^a", "^x-", "b$", "^é?$", "^[^a]*$", lookahead}
)

func pick[T any](m *schemaMaker, all []T) T { return all[m.IntN(len(all))] }

// schema returns a schema of one to four keywords.
func (m *schemaMaker) schema(depth int) any {
	if m.made++; depth == 0 || m.made > 60 {
		return pick(m, []any{true, map[string]any{}, false, map[string]any{"type": "integer"}, map[string]any{"type": "string"}, map[string]any{"maximum": pick(m, numbersNearLimits)}})
	}
	if m.IntN(12) == 0 {
		return m.IntN(3) > 0
	}
	s := map[string]any{}
	for range 1 + m.IntN(4) {
		m.keyword(s, depth-1)
	}
	return s
}

func (m *schemaMaker) list(depth int) []any {
	all := make([]any, 1+m.IntN(3))
	for i := range all {
		all[i] = m.schema(depth)
	}
	return all
}

func (m *schemaMaker) named(names []string, depth int) map[string]any {
	all := map[string]any{}
	for range 1 + m.IntN(3) {
		all[pick(m, names)] = m.schema(depth)
	}
	return all
}

// keyword adds a keyword to a schema.
func (m *schemaMaker) keyword(s map[string]any, depth int) {
	switch m.IntN(36) {
	case 0, 1:
		s["type"] = pick(m, []any{"integer", "number", "string", "array", "object", "null", "boolean", []any{"string", "null"}, []any{"object", "array"}})
	case 2:
		s["enum"] = []any{m.data(2), m.data(1), pick(m, numbersNearLimits), pick(m, numbersNearLimits)}
	case 3:
		if s["const"] = m.data(2); s["const"] == nil {
			delete(s, "$ref") // kin-openapi drops a null beside it
		}
	case 4:
		s["minimum"] = pick(m, numbersNearLimits)
	case 5:
		s["maximum"] = pick(m, numbersNearLimits)
	case 6:
		s["exclusiveMinimum"] = pick(m, numbersNearLimits)
	case 7:
		s["exclusiveMaximum"] = pick(m, numbersNearLimits)
	case 8:
		s["multipleOf"] = pick(m, []json.Number{"1", "2", "0.1", "0.01", "9007199254740993", "3"})
	case 9:
		s["minLength"], s["maxLength"] = m.IntN(2), 1+m.IntN(3)
	case 10:
		s["pattern"] = pick(m, somePattern)
	case 11:
		s["minItems"], s["maxItems"] = m.IntN(2), 1+m.IntN(3)
	case 12:
		s["uniqueItems"] = true
	case 13:
		s["prefixItems"] = m.list(depth)
	case 14:
		s["items"] = m.schema(depth)
	case 15:
		s["contains"] = m.schema(depth)
	case 16:
		s["contains"], s["minContains"] = m.schema(depth), m.IntN(3)
	case 17:
		s["contains"], s["maxContains"] = m.schema(depth), m.IntN(3)
	case 18:
		s["required"] = []any{pick(m, someNames)}
	case 19, 20:
		s["properties"] = m.named(someNames, depth)
	case 21:
		s["patternProperties"] = m.named(somePattern, depth)
	case 22, 23:
		s["additionalProperties"] = m.schema(depth)
	case 24:
		s["propertyNames"] = m.schema(depth)
	case 25:
		s["minProperties"], s["maxProperties"] = m.IntN(2), 1+m.IntN(3)
	case 26:
		s["dependentRequired"] = map[string]any{pick(m, someNames): []any{pick(m, someNames)}}
	case 27:
		s["dependentSchemas"] = m.named(someNames, depth)
	case 28:
		s["allOf"] = m.list(depth)
	case 29:
		s["anyOf"] = m.list(depth)
	case 30:
		s["oneOf"] = m.list(depth)
	case 31:
		s["not"] = m.schema(depth)
	case 32:
		s["if"], s["then"], s["else"] = m.schema(depth), m.schema(depth), m.schema(depth)
	case 33:
		s["unevaluatedProperties"] = m.schema(depth)
	case 34:
		s["unevaluatedItems"] = m.schema(depth)
	case 35:
		// Refer only to existing schemas, so that no schema contains itself.
		if value, isConst := s["const"]; len(m.components) > 0 && (!isConst || value != nil) {
			s["$ref"] = "#/components/schemas/" + pick(m, m.components)
		}
	}
}

// data returns a random value.
func (m *schemaMaker) data(depth int) any {
	kind := m.IntN(9)
	if depth == 0 {
		kind %= 5
	}
	switch kind {
	case 0:
		return pick(m, []any{nil, true, false})
	case 1, 2:
		return pick(m, someStrings)
	case 3, 4:
		return pick(m, numbersNearLimits)
	case 5, 6:
		items := make([]any, m.IntN(4))
		for i := range items {
			items[i] = m.data(depth - 1)
		}
		return items
	}
	members := map[string]any{}
	for range m.IntN(4) {
		members[pick(m, someNames)] = m.data(depth - 1)
	}
	return members
}
