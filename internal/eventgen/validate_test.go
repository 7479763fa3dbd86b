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

	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

const limits = "testdata/limits.yaml"

// TestValidateLimits runs the validator that is generated for every keyword, and
// compares it with a validator of JSON Schema on data that is right or nearly so.
func TestValidateLimits(t *testing.T) {
	if os.Getenv("MIXSTREAM_SLOW") == "" {
		t.Skip("slow: run with MIXSTREAM_SLOW=1")
	}
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
	}
	data := map[string]json.RawMessage{}
	for name, values := range members {
		if name == "more" && random.IntN(30) > 0 || name != "code" && random.IntN(3) > 0 || random.IntN(30) == 0 {
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
	cfg, err := loadConfig(testConfig)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := loadSpec(limits, cfg)
	if err != nil {
		t.Fatal(err)
	}
	api, err := codegen.Generate(doc, cfg)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	module, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile("../../go.sum")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{
		"go.mod":               strings.Replace(string(module), "module github.com/mixstream/mixstream", "module limits", 1),
		"go.sum":               string(sums),
		"api/api.gen.go":       api,
		"api/events.gen.go":    string(mustGenerate(t, limits, testConfig)),
		"cmd/validate/main.go": validateProgram,
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "go", "run", "-mod=mod", "./cmd/validate")
	var stderr bytes.Buffer
	cmd.Dir, cmd.Stdin, cmd.Stderr = dir, strings.NewReader(input), &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, &stderr)
	}
	return string(out)
}

const validateProgram = `package main

import (
	"bufio"
	"fmt"
	"os"

	"limits/api"
)

func main() {
	for s := bufio.NewScanner(os.Stdin); s.Scan(); {
		unknown, _ := api.DecodeEvent("made", s.Bytes()).(*api.UnknownEvent)
		if err := api.ValidateEvent("made", s.Bytes()); err != nil {
			fmt.Println(err)
		} else if unknown != nil {
			fmt.Println("fits, but", unknown.Err)
		} else {
			fmt.Println("fits")
		}
	}
}
`

// TestRefuseKeywords refuses what could not be checked.
func TestRefuseKeywords(t *testing.T) {
	for keyword, want := range map[string]string{
		"not: {type: string}":            "not, which is not supported in the data of an event",
		"multipleOf: 2":                  "multipleOf, which is not supported in the data of an event",
		"uniqueItems: true":              "uniqueItems, which is not supported in the data of an event",
		"exclusiveMinimum: 2":            "exclusiveMinimum, which is not supported in the data of an event",
		"maxProperties: 2":               "maxProperties, which is not supported in the data of an event",
		"patternProperties: {a: {}}":     "patternProperties, which is not supported in the data of an event",
		"prefixItems: [{type: string}]":  "prefixItems, which is not supported in the data of an event",
		"if: {type: string}":             "if, which is not supported in the data of an event",
		"dependentRequired: {a: [b]}":    "dependentRequired, which is not supported in the data of an event",
		"unevaluatedProperties: false":   "unevaluatedProperties, which is not supported in the data of an event",
		"contains: {type: string}":       "contains, which is not supported in the data of an event",
		"propertyNames: {type: string}":  "propertyNames, which is not supported in the data of an event",
		"dependentSchemas: {a: {}}":      "dependentSchemas, which is not supported in the data of an event",
		"nullable: true, type: string":   "nullable, which means nothing since OpenAPI 3.1; type: [string, 'null'] does",
		"enum: [{a: b}]":                 "a value that is no string, number, boolean or null: map[a:b]",
		"type: string, pattern: '(?=a)'": "its pattern is not supported by Go",
	} {
		t.Run(keyword, func(t *testing.T) {
			spec := edit(t, madeDataProps, fmt.Sprintf("properties: {name: {%s}}", keyword))
			code, err := generate(spec, testConfig)
			if err == nil {
				t.Fatalf("generated:\n%s", code)
			}
			if !strings.HasPrefix(err.Error(), "MadeData: ") || !strings.Contains(err.Error(), want) {
				t.Errorf("error: %v", err)
			}
		})
	}
}
