package main

import (
	"go/ast"
	"path/filepath"
	"testing"
)

// TestAddedEvent adds an event to documents of several shapes. Each declaration that was
// there keeps its name and its type.
func TestAddedEvent(t *testing.T) {
	const specs = "testdata/specs/"
	for name, tc := range map[string]struct {
		file string
		edit []string
	}{
		"a branch with a name": {specs + "openapi30.yaml", []string{
			"                  - {$ref: '#/components/schemas/OrderNote'}\n", "                  - {$ref: '#/components/schemas/OrderNote'}\n                  - {$ref: '#/components/schemas/OrderLost'}\n",
			"    OrderNote:\n", "    OrderLost: {type: object, required: [event, data], properties: {event: {type: string, enum: [order_lost]}, data: {$ref: '#/components/schemas/Order'}}}\n    OrderNote:\n",
		}},
		"a branch without a name": {specs + "itemschema.yaml", []string{
			"                oneOf:\n", "                oneOf:\n                  - properties: {event: {const: left}, data: {type: string, contentMediaType: application/json, contentSchema: {$ref: '#/components/schemas/Move'}}}\n",
		}},
		"a payload": {specs + "type-in-data.yaml", []string{
			"        - {$ref: '#/components/schemas/TextDeltaEvent'}\n", "        - {$ref: '#/components/schemas/TextDeltaEvent'}\n        - {$ref: '#/components/schemas/PingEvent'}\n",
			"    TextDeltaEvent:\n", "    PingEvent: {type: object, required: [type], properties: {type: {const: ping}}}\n    TextDeltaEvent:\n",
		}},
		"a name": {specs + "data-ref.yaml", []string{"enum: [Kitten, Puppy]", "enum: [Foal, Kitten, Puppy]"}},
		"the second payload": {specs + "data-only.yaml", []string{
			"schema: {$ref: '#/components/schemas/Trade'}", "schema: {oneOf: [{$ref: '#/components/schemas/Trade'}, {$ref: '#/components/schemas/Halt'}]}",
			"      required: [at, price, size]\n      properties:\n", "      required: [at, price, size, kind]\n      properties:\n        kind: {type: string, enum: [trade]}\n",
			"    Trade:\n", "    Halt: {type: object, required: [kind], properties: {kind: {type: string, enum: [halt]}}}\n    Trade:\n",
		}},
		"an item of an array": {specs + "array-of-events.yaml", []string{
			"                  oneOf:\n", "                  oneOf:\n                    - {type: object, required: [data, event], properties: {event: {const: warned}, data: {$ref: '#/components/schemas/Progress'}}}\n",
		}},
		"data schemas": {"../../openapi.yaml", []string{
			"        - $ref: '#/components/schemas/SSECompleteEvent'\n", "        - $ref: '#/components/schemas/SSECompleteEvent'\n        - $ref: '#/components/schemas/SSEPausedEvent'\n",
			"          complete: '#/components/schemas/SSECompleteEvent'\n", "          complete: '#/components/schemas/SSECompleteEvent'\n          paused: '#/components/schemas/SSEPausedEvent'\n",
			"        - complete\n", "        - complete\n        - paused\n",
			"    SSECompleteEvent:\n", "    PausedData: {type: object, properties: {why: {type: string}}}\n    SSEPausedEvent: {allOf: [{$ref: '#/components/schemas/SSEBaseEvent'}, {type: object, properties: {event: {$ref: '#/components/schemas/EventName', const: paused}, data: {$ref: '#/components/schemas/PausedData'}}}]}\n    SSECompleteEvent:\n",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			before := declarations(t, tc.file)
			after := declarations(t, editFile(t, tc.file, tc.edit...))
			if len(after) <= len(before) {
				t.Error("nothing is added")
			}
			for name, text := range before {
				switch now, ok := after[name]; {
				case !ok:
					t.Errorf("%s is gone", name)
				case now != text && filepath.Base(tc.file) != "data-only.yaml":
					t.Errorf("%s was\n%s\nand is\n%s", name, text, now)
				}
			}
		})
	}
}

// declarations returns the exported types of what is generated, but those that have one
// line for each event.
func declarations(t *testing.T, spec string) map[string]string {
	t.Helper()
	pkg, err := parsePackage(string(mustGenerate(t, spec, testConfig)))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for name, s := range pkg.types {
		if ast.IsExported(name) {
			all[name] = pkg.text(s)
		}
	}
	return all
}
