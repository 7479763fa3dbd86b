package client_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestDependencies holds what an application that imports this package compiles.
func TestDependencies(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", ".").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	modules := slices.Compact(slices.Sorted(strings.FieldsSeq(string(out))))
	want := []string{
		"github.com/apapsch/go-jsonmerge/v2",
		"github.com/google/uuid",
		"github.com/mixstream/mixstream",
		"github.com/oapi-codegen/runtime",
	}
	for _, module := range modules {
		if !slices.Contains(want, module) {
			t.Errorf("the client depends on %s", module)
		}
	}
	packages, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for _, p := range strings.Fields(string(packages)) {
		if rest, ok := strings.CutPrefix(p, "github.com/mixstream/mixstream/"); ok && !slices.Contains([]string{"client", "gen", "internal/excerpt", "internal/redact", "sse"}, rest) {
			t.Errorf("the client imports %s", rest)
		}
	}
}
