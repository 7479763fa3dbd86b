package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

const limits = "testdata/limits.yaml"

// TestValidateLimits runs the generated validator for every keyword. It compares the result
// with a validator of JSON Schema, on data that is right or nearly so.
func TestValidateLimits(t *testing.T) {
	slow(t)
	var inputs []string
	random := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		inputs = append(inputs, limitsData(random))
	}
	// A format is not validated, but data must also fit its Go type.
	misfits := map[string]string{
		`{"code":"ab","owner":"1234"}`:             `"made": data/owner: invalid UUID length: 4`,
		`{"code":"ab","begun":["2026-01-01","x"]}`: `"made": data/begun/0: parsing time`,
	}
	inputs = append(inputs, slices.Sorted(maps.Keys(misfits))...)
	schema := compileLimits(t)
	answers := strings.Split(strings.TrimSpace(runLimits(t, strings.Join(inputs, "\n"))), "\n")
	if len(answers) != len(inputs) {
		t.Fatalf("%d answers", len(answers))
	}
	fit := 0
	for i, input := range inputs {
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(input))
		if err != nil {
			t.Fatal(err)
		}
		want := schema.Validate(value)
		if want == nil {
			fit++
		}
		if misfit, ok := misfits[input]; ok && !strings.HasPrefix(answers[i], misfit) || !ok && strings.HasPrefix(answers[i], "fits") != (want == nil) {
			t.Errorf("%s\nis told: %s\nand should be: %v", input, answers[i], want)
		}
	}
	if fit < 500 || fit > 4500 {
		t.Errorf("%d of %d fit", fit, len(inputs))
	}
}

// limitsData makes data in which most members fit.
func limitsData(random *rand.Rand) string {
	members := map[string][]string{
		"code":    {`"ab"`, `"abcd"`, `"a"`, `"abcde"`, `"AB"`, `1`, `"äö"`},
		"ratio":   {`0`, `1.5`, `1`, `-0.1`, `1.6`, `"1"`},
		"tags":    {`["a"]`, `["a","b"]`, `[]`, `["a","b","c"]`, `[1]`, `{}`},
		"level":   {`1`, `3`, `2.0`, `4`, `"1"`, `1.5`},
		"version": {`"v1"`, `"v1"`, `"v2"`, `null`},
		"note":    {`"x"`, `null`, `1`},
		"labels":  {`{}`, `{"a":"b"}`, `{"a":1}`, `[]`},
		"either":  {`1`, `10.5`, `10`, `9.5`, `"x"`},
		"both":    {`"a"`, `"abc"`, `""`, `"abcd"`},
		"kind":    {`"a"`, `"x-1"`, `"c"`, `1`},
		"tree":    {`{"name":"a"}`, `{"name":"a","children":[{"name":"b","children":[]}]}`, `{"name":"a","children":[{"children":[]}]}`, `{}`},
		"a/b~c":   {`true`, `false`, `0`},
		"more":    {`1`},
		"share":   {`0.5`, `0.001`, `0`, `1`, `2`},
		"step":    {`0.3`, `-1.1`, `0.25`, `1e3`, `"x"`},
		"set":     {`[]`, `[1,"1",{"a":1,"b":2}]`, `[1,1.0]`, `[{"a":1,"b":2},{"b":2,"a":1}]`, `[null,null]`},
		"bag":     {`{"a":1}`, `{"a":1,"b":2}`, `{}`, `{"a":1,"b":2,"c":3}`},
		"mood":    {`"good"`, `""`, `"bad"`, `"worse"`},
		"pair":    {`{"a":[1,null]}`, `"x"`, `[true]`, `{"a":[1]}`, `[false]`, `null`},
		"never":   {`1`},
		"big":     {`9223372036854775806`, `-9223372036854775807`, `9223372036854775807`, `-9223372036854775808`, `1e18`},
		"exactly": {`9007199254740993`, `{"a":[18446744073709551615]}`, `9007199254740992`, `0.1`, `1e-1`, `{"a":[18446744073709551616]}`},
		"tuple":   {`["a",7]`, `["a",1,2]`, `[]`, `["a",7,7]`, `[1]`, `["a","b"]`},
		"map":     {`{"x-a":"b"}`, `{"a":1}`, `{"x-a":1}`, `{"abcd":1}`},
		"needs":   {`{"a":1,"b":1}`, `{}`, `{"a":1}`, `{"c":1}`, `{"c":1,"d":1}`},
		"choice":  {`"ab"`, `1`, `"a"`, `null`},
		"sealed":  {`{"a":"b"}`, `{}`, `{"b":1}`},
		"rest":    {`["a",1]`, `[]`, `["a","b"]`},
		"wide":    {`"é "`, `"a\t"`, `"ab"`, `"\n "`},
	}
	data := map[string]json.RawMessage{}
	for name, values := range members {
		if (name == "more" || name == "never") && random.IntN(30) > 0 || name != "code" && random.IntN(3) > 0 || random.IntN(30) == 0 {
			continue
		}
		value := values[random.IntN(2)%len(values)]
		if random.IntN(6) == 0 {
			value = values[random.IntN(len(values))]
		}
		data[name] = json.RawMessage(value)
	}
	text, err := json.Marshal(data)
	if err != nil {
		panic(err) // the text above is JSON
	}
	return string(text)
}

func compileLimits(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := os.ReadFile(limits)
	if err != nil {
		t.Fatal(err)
	}
	var parsed any
	if err := yaml.Unmarshal(text, &parsed); err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(parsed)
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	if err := compiler.AddResource("file:///limits.yaml", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("file:///limits.yaml#/components/schemas/MadeData")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// runLimits builds a program with the generated code that answers each line of input.
func runLimits(t *testing.T, input string) string {
	t.Helper()
	o := newOutside(t, "../..")
	o.eventgen(t, "api", "-config", testConfig, limits)
	o.write(t, "validate/main.go", validateProgram)
	if out, err := o.golang(t, "build", "-o", "program", "./validate"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(o.dir, "program"))
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

const validateProgram = `package main

import (
	"bufio"
	"fmt"
	"os"

	"outside/api"
)

func main() {
	for s := bufio.NewScanner(os.Stdin); s.Scan(); {
		unknown, _ := api.StreamEvents.Decode("made", s.Bytes()).(*api.UnknownEvent)
		if err := api.StreamEvents.Check("made", s.Bytes()); err != nil {
			fmt.Println(err)
		} else if unknown != nil {
			fmt.Println("does not decode, but fits:", unknown.Err)
		} else {
			fmt.Println("fits")
		}
	}
}
`

// TestWarnings generates schemas with parts that are not checked.
func TestWarnings(t *testing.T) {
	const notAll = ", because eventgen does not check a part of it"
	for keyword, want := range map[string][]string{
		"nullable: true, type: string":                                         {"nullable is a keyword of OpenAPI 3.0: eventgen reads it as the additional type 'null'"},
		"type: string, pattern: '(?=a)'":                                       {"pattern is not checked: Go's package regexp has no lookaround, such as (?="},
		"patternProperties: {'(?=a)': {}, b: {}}, additionalProperties: false": {`"(?=a)" of patternProperties is not checked, nor are the properties without a schema of their own: Go's package regexp has no lookaround, such as (?=`},
		"$dynamicRef: '#meta'":                                                 {"$dynamicRef is not checked: use $ref"},
		"$recursiveRef: '#'":                                                   {"$recursiveRef is not checked: it belongs to an older JSON Schema; use $ref"},
		"dependencies: {a: [b]}":                                               {"dependencies is not checked: it belongs to an older JSON Schema; use dependentRequired or dependentSchemas"},
		"additionalItems: false":                                               {"additionalItems is not checked: it belongs to an older JSON Schema; use items beside prefixItems"},
		"$ref: '#/components/schemas/Other', not: {}":                          {"not is not checked beside this $ref: put both into an allOf"},
		"not: {pattern: '(?=a)'}":                                              {"pattern is not checked: Go's", "not is not checked" + notAll},
		"oneOf: [{type: string, pattern: '(?=a)'}, {type: integer}]":           {"pattern is not checked: Go's", "oneOf is checked as anyOf" + notAll},
		"if: {pattern: '(?=a)'}, then: {maxLength: 3}":                         {"pattern is not checked: Go's", "if is not checked" + notAll},
		"contains: {pattern: '(?=a)'}, maxContains: 3":                         {"pattern is not checked: Go's", "maxContains is not checked" + notAll},
		"properties: {a: {pattern: '(?=a)'}}, unevaluatedProperties: false":    {"pattern is not checked: Go's", "unevaluatedProperties is not checked" + notAll},
		"type: object, properties: {size: {}}, required: [weight]":             {`required lists "weight", which is not a property: it becomes a field of any type`},
		// These keywords are checked, or only describe.
		"type: object, properties: {size: {}}, not: {required: [weight]}, if: {required: [a]}, then: {minProperties: 1}": nil,
		"patternProperties: {a: {}}":                        nil,
		"prefixItems: [{type: string}], items: false":       nil,
		"if: {type: string}, then: {}, else: {}":            nil,
		"dependentRequired: {a: [b]}":                       nil,
		"unevaluatedProperties: false":                      nil,
		"unevaluatedItems: {type: string}":                  nil,
		"contains: {type: string}, minContains: 2":          nil,
		"propertyNames: {type: string}":                     nil,
		"dependentSchemas: {a: {}}":                         nil,
		"not: {type: string}":                               nil,
		"type: integer, multipleOf: 2":                      nil,
		"type: array, uniqueItems: true":                    nil,
		"type: number, format: double, exclusiveMinimum: 2": nil,
		"type: object, maxProperties: 2":                    nil,
		"enum: [{a: [1, null]}, x]":                         nil,
		"type: integer, maximum: 9223372036854775807":       nil,
		"type: string, format: email, title: a":             nil,
		"type: string, contentEncoding: base64":             nil,
		"type: string, pattern: '^\\u00e9\\p{L}\\s.$'":      nil,
		"$anchor: a, $comment: a, $defs: {a: {type: string}}, readOnly: true, deprecated: true": nil,
	} {
		t.Run(keyword, func(t *testing.T) {
			spec := edit(t, madeDataProps, fmt.Sprintf("properties: {name: {%s}}", keyword), moreSchemas, moreSchemas+"    Other: {type: string}\n")
			_, warnings, err := generate(spec, testConfig)
			if err != nil {
				t.Fatal(err)
			}
			ok := len(warnings) == len(want)
			for i := range min(len(warnings), len(want)) {
				ok = ok && strings.HasPrefix(warnings[i], spec+":55:") && slices.ContainsFunc(warnings, func(w string) bool { return strings.Contains(w, ": MadeData: "+want[i]) })
			}
			if !ok {
				t.Errorf("warnings: %q", warnings)
			}
		})
	}
}

const specOf30 = `openapi: 3.0.3
info: {title: a, version: '1'}
paths:
  /stream:
    get:
      operationId: streamEvents
      responses:
        '200': {description: ., content: {text/event-stream: {schema: {$ref: '#/components/schemas/MadeData'}}}}
components:
  schemas:
    Other: {type: string}
    MadeData: {type: object, properties: {name: {%s}}}
`

// TestWarningsOf30 is TestWarnings for the differences of OpenAPI 3.0.
func TestWarningsOf30(t *testing.T) {
	for keyword, want := range map[string]string{
		"$ref: '#/components/schemas/Other', maxLength: 3, description: a": "maxLength has no effect beside a $ref before OpenAPI 3.1: put both into an allOf",
		"allOf: [{$ref: '#/components/schemas/Other'}], nullable: true":    "",
		"type: number, format: double, minimum: 3, exclusiveMinimum: true": "",
	} {
		t.Run(keyword, func(t *testing.T) {
			spec := filepath.Join(t.TempDir(), "spec.yaml")
			text := fmt.Sprintf(specOf30, keyword)
			if err := os.WriteFile(spec, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			_, warnings, err := generate(spec, testConfig)
			if err != nil {
				t.Fatal(err)
			}
			if want == "" && len(warnings) > 0 || want != "" && (len(warnings) != 1 || !strings.HasSuffix(warnings[0], ": MadeData: "+want)) {
				t.Errorf("warnings: %q", warnings)
			}
		})
	}
}
