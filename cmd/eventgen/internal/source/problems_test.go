package source

import (
	"fmt"
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// TestLines reports a problem of one place once, with a few names of its elements.
func TestLines(t *testing.T) {
	var p Problems
	at := func(line int, name string) Place {
		return Place{Name: name, At: openapi3.Location{File: "spec.yaml", Line: line, Column: 3}}
	}
	for _, name := range []string{"A", "B", "A", "C"} {
		p.Warn(at(7, name), "not is not checked")
	}
	for i := range 6 {
		p.Warn(at(5, fmt.Sprint("E", i)), "if is not checked")
	}
	p.Warn(at(7, "A"), "another problem")
	p.Warn(Place{Name: "A"}, "no line")
	p.Warn(Place{Name: "B"}, "no line")
	want := []string{
		"A: no line",
		"B: no line",
		"spec.yaml:5:3: E0, E1, E2 and 3 others: if is not checked",
		"spec.yaml:7:3: A, B, C: not is not checked",
		"spec.yaml:7:3: A: another problem",
	}
	if got := Lines(p.Warnings); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
