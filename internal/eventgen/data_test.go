package main

import "testing"

// TestDataBeside has what may stand beside the $ref to the data of an event.
func TestDataBeside(t *testing.T) {
	for name, data := range map[string]string{
		"description": "data: {$ref: '#/components/schemas/MadeData', description: What was made.}",
		"type":        "data: {$ref: '#/components/schemas/MadeData', type: object}",
	} {
		t.Run(name, func(t *testing.T) {
			compare(t, "testdata/minimal.golden", mustGenerate(t, edit(t, madeData, data), testConfig))
		})
	}
}
