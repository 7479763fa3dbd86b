package main

import (
	"strings"
	"testing"
)

// TestTakes generates code for documents as people publish them, which oapi-codegen alone
// refuses or turns into code that does not compile. The generator type-checks its output.
func TestTakes(t *testing.T) {
	for _, tc := range []struct {
		name, Schemas string
		want          []string // parts of the code
	}{
		{
			"two ways to one name",
			"    E: {type: object, properties: {effort: {type: object, properties: {of: {enum: [low, high]}}}, effort_of: {enum: [low, medium]}, effortOf: {enum: [low, high]}}}\n",
			[]string{"Of *EEffortOf `json:\"of,omitempty\"`", "EffortOf2 *EEffortOf  `json", "EffortOf *EEffortOf2 `json", "type EEffortOf2 string"},
		},
		{
			"an array and its items",
			"    E: {type: object, properties: {at: {oneOf: [{enum: [word]}, {type: array, items: {enum: [word]}}]}}}\n",
			[]string{"type EAt1 = []EAt1Item", "type EAt1Item string"},
		},
		{
			"two components of one name",
			"    E: {type: object, properties: {a: {$ref: '#/components/schemas/a.b'}, b: {$ref: '#/components/schemas/aB'}}}\n" +
				"    a.b: {type: object, properties: {of: {anyOf: [{enum: [x]}, {type: integer}]}}}\n" +
				"    aB: {type: object, properties: {of: {anyOf: [{enum: [y]}, {type: integer}]}}}\n",
			[]string{"type ABOf0 string", "type ABOf02 string"},
		},
		{
			"places alone differ",
			"    E: {type: object, properties: {a: {$ref: '#/components/schemas/A'}, b: {allOf: [{$ref: '#/components/schemas/A'}, {description: d}]}}}\n" +
				"    A: {type: object, properties: {of: {anyOf: [{type: string}, {type: integer}]}}}\n",
			[]string{"type AOf0 = string"},
		},
		{
			"an array of itself",
			"    E: {type: object, properties: {a: {$ref: '#/components/schemas/A'}, b: {$ref: '#/components/schemas/B'}, d: {$ref: '#/components/schemas/D'}}}\n" +
				"    A: {type: array, items: {$ref: '#/components/schemas/A'}}\n" +
				"    B: {type: array, items: {$ref: '#/components/schemas/C'}}\n    C: {type: array, items: {$ref: '#/components/schemas/B'}}\n" +
				"    D: {type: array, items: {$ref: '#/components/schemas/A'}}\n",
			[]string{"type A []A", "type B []C", "type C []B", "type D = []A"},
		},
		{
			"an array of small numbers, which is no text in base64",
			"    E: {type: object, properties: {a: {type: array, items: {type: integer, format: uint8}}, b: {type: array, items: {$ref: '#/components/schemas/A'}}, c: {$ref: '#/components/schemas/A'}, d: {type: string, format: byte}, e: {type: array, items: {allOf: [{$ref: '#/components/schemas/A'}, {description: d}]}}}}\n" +
				"    A: {type: integer, format: uint8}\n",
			[]string{"A []uint16 `json", "B []uint16 `json", "C *A `json", "D []byte `json", "E []uint16 `json", "type A = uint8"},
		},
		{
			"anyOf and oneOf",
			"    E: {type: object, properties: {a: {anyOf: [{$ref: '#/components/schemas/A'}, {type: integer}, {$ref: '#/components/schemas/B'}], oneOf: [{$ref: '#/components/schemas/A'}, {type: string}]}}}\n" +
				"    A: {type: object, properties: {a: {type: string}}}\n    B: {type: object, properties: {b: {type: string}}}\n",
			[]string{"func (t E_A) AsA() (A, error)", "type EA1 = int", "type EA3 = string"},
		},
		{
			"a component twice",
			"    E: {type: object, properties: {a: {oneOf: [{$ref: '#/components/schemas/A'}, {type: string}, {$ref: '#/components/schemas/A'}]}}}\n" +
				"    A: {type: object, properties: {a: {type: string}}}\n",
			[]string{"func (t E_A) AsA() (A, error)"},
		},
		{
			"allOf with two additionalProperties",
			"    E: {allOf: [{$ref: '#/components/schemas/A'}, {type: object, additionalProperties: {type: integer}}]}\n" +
				"    A: {type: object, properties: {a: {type: string}}, additionalProperties: {}}\n",
			[]string{"AdditionalProperties map[string]interface{} `json:\"-\"`", "A *string `json:\"a,omitempty\"`"},
		},
		{
			"allOf that adds a description to a format",
			"    E: {type: object, properties: {a: {allOf: [{$ref: '#/components/schemas/A'}, {description: d}]}, b: {allOf: [{description: d}, {$ref: '#/components/schemas/A'}]}}}\n" +
				"    A: {type: string, format: date-time}\n",
			[]string{"A *time.Time `json:\"a,omitempty\"`", "B *time.Time `json:\"b,omitempty\"`"},
		},
		{
			"allOf that narrows a type",
			"    E: {type: object, properties: {a: {allOf: [{$ref: '#/components/schemas/A'}, {type: [object, 'null'], readOnly: true}]}}}\n" +
				"    A: {type: object, properties: {a: {type: string, default: b}}}\n",
			[]string{"A *struct {"},
		},
		{
			"a property of the name of the others",
			"    E: {type: object, properties: {additionalProperties: {type: boolean}}, additionalProperties: {type: string}}\n",
			[]string{"AdditionalProperties2 *bool `json:\"additionalProperties,omitempty\"`", "AdditionalProperties map[string]string `json:\"-\"`"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			code := string(mustGenerate(t, writeSpec(t, "spec.yaml", oneSchema+tc.Schemas), ""))
			plain := strings.Join(strings.Fields(code), " ")
			for _, want := range tc.want {
				if !strings.Contains(plain, strings.Join(strings.Fields(want), " ")) {
					t.Errorf("the code does not have %q", want)
				}
			}
			if t.Failed() {
				i := strings.Index(code, "type E ")
				t.Logf("%.900s", code[i:])
			}
		})
	}
}

// TestCallbacks generates callbacks that share a name with each other or with an operation.
func TestCallbacks(t *testing.T) {
	const callback = `callbacks: {changed: {'{$request.body#/url}': {post: {requestBody: {content: {application/json: {schema: {type: KIND}}}}, responses: {'204': {description: d}}}}}}, `
	spec := writeSpec(t, "spec.yaml", strings.Replace(oneSchema, "components:", `  /b: {post: {operationId: sendB, `+strings.Replace(callback, "KIND", "string", 1)+`responses: {'204': {description: d}}}}
  /c: {post: {operationId: sendC, `+strings.Replace(callback, "KIND", "integer", 1)+`responses: {'204': {description: d}}}}
components:`, 1)+"    E: {type: object, properties: {a: {type: string}}}\n")
	code := string(mustGenerate(t, spec, ""))
	for _, want := range []string{"type ChangedJSONBody = string", "type SendCChangedJSONBody = int"} {
		if !strings.Contains(code, want) {
			t.Errorf("the code does not have %q", want)
		}
	}
}
