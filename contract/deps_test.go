package contract_test

import (
	"os/exec"
	"strings"
	"testing"
)

// Generated code imports the packages on both sides, so they import the standard library, a small
// package for the text of errors, and each other only, downwards.
func TestDependencies(t *testing.T) {
	const module = "github.com/mixstream/mixstream/"
	for pkg, want := range map[string]string{
		"contract/eventjson":  "internal/excerpt contract/eventjson",
		"contract/jsonschema": "internal/excerpt contract/eventjson contract/jsonschema",
		"contract":            "internal/excerpt contract/eventjson contract/jsonschema contract",
	} {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", module+pkg).Output()
		if err != nil {
			t.Fatal(err)
		}
		deps := strings.Fields(string(out))
		for i, dep := range deps {
			deps[i] = strings.TrimPrefix(dep, module)
		}
		if got := strings.Join(deps, " "); got != want {
			t.Errorf("package %q depends on %q", pkg, got)
		}
	}
}
