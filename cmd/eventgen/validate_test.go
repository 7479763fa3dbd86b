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

// TestValidateLimits runs the validator that is generated for every keyword, and
// compares it with a validator of JSON Schema on data that is right or nearly so.
func TestValidateLimits(t *testing.T) {
	slow(t)
	var inputs []string
	random := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		inputs = append(inputs, limitsData(random))
	}
	// A format is not validated, and its Go type refuses the value.
	misfits := map[string]string{
		`{"code":"ab","owner":"1234"}`:             `fits, but "made": data/owner: invalid UUID length: 4`,
		`{"code":"ab","begun":["2026-01-01","x"]}`: `fits, but "made": data/begun/0: parsing time`,
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
		panic(err) // what is above is JSON
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

// runLimits builds a program of what is generated, and has it answer each line.
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
			fmt.Println("fits, but", unknown.Err)
		} else {
			fmt.Println("fits")
		}
	}
}
`

// TestWarnings has what is generated without being checked.
func TestWarnings(t *testing.T) {
	for keyword, want := range map[string]string{
		"patternProperties: {a: {}}":                               "patternProperties is not checked",
		"prefixItems: [{type: string}]":                            "prefixItems is not checked",
		"if: {type: string}":                                       "if is not checked",
		"dependentRequired: {a: [b]}":                              "dependentRequired is not checked",
		"unevaluatedProperties: false":                             "unevaluatedProperties is not checked",
		"contains: {type: string}":                                 "contains is not checked",
		"propertyNames: {type: string}":                            "propertyNames is not checked",
		"dependentSchemas: {a: {}}":                                "dependentSchemas is not checked",
		"nullable: true, type: string":                             "nullable means nothing since OpenAPI 3.1; type: [string, 'null'] does",
		"type: string, pattern: '(?=a)'":                           "its pattern is not checked: ",
		"type: object, properties: {size: {}}, required: [weight]": "it requires \"weight\", and does not describe it: it is taken for a property of any type",
		"type: object, properties: {size: {}}, not: {required: [weight]}, if: {required: [a]}, then: {minProperties: 1}": "if is not checked",
		"not: {type: string}":               "",
		"type: integer, multipleOf: 2":      "",
		"type: array, uniqueItems: true":    "",
		"type: number, exclusiveMinimum: 2": "",
		"type: object, maxProperties: 2":    "",
		"enum: [{a: [1, null]}, x]":         "",
	} {
		t.Run(keyword, func(t *testing.T) {
			spec := edit(t, madeDataProps, fmt.Sprintf("properties: {name: {%s}}", keyword))
			_, warnings, err := generate(spec, testConfig)
			if err != nil {
				t.Fatal(err)
			}
			if want == "" && len(warnings) == 0 {
				return
			}
			if len(warnings) != 1 || !strings.HasPrefix(warnings[0], spec+":54:") || !strings.Contains(warnings[0], ": MadeData: "+want) {
				t.Errorf("warnings: %q", warnings)
			}
		})
	}
}
