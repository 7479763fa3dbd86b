package main

import (
	"slices"
	"strings"
	"testing"
)

// TestPathParams generates an operation whose path parameters differ from those of its path.
func TestPathParams(t *testing.T) {
	spec := writeSpec(t, "spec.yaml", strings.Replace(oneSchema, "  /a: {get: {", "  /a/{id}/{part}: {parameters: [{in: path, name: part, required: true, schema: {type: integer}}], get: {parameters: [{in: path, name: ID, required: true, schema: {type: string}}], ", 1)+
		"    E: {type: object, properties: {a: {type: string}}}\n")
	code, warnings, err := generate(spec, "")
	if err != nil {
		t.Fatal(err)
	}
	if want := "type WatchRequest struct {\n\tID   string\n\tPart int\n}"; !strings.Contains(string(code), want) {
		t.Errorf("the code does not have\n%s", want)
	}
	for _, want := range []string{
		spec + `:4:99: GET /a/{id}/{part}: no parameter describes {id} of the path: it becomes a string`,
		spec + `:4:99: GET /a/{id}/{part}: the path parameter "ID" is ignored: the path has no {ID}`,
	} {
		if !slices.Contains(warnings, want) {
			t.Errorf("warnings %q do not have %q", warnings, want)
		}
	}
}
