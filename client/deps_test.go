package client_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestDependencies lists what an application compiles that imports this package.
func TestDependencies(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", ".").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	modules := slices.Compact(slices.Sorted(strings.FieldsSeq(string(out))))
	if want := []string{"github.com/mixstream/mixstream"}; !slices.Equal(modules, want) {
		t.Errorf("the client compiles the modules %s, want %s", modules, want)
	}
	packages, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for _, p := range strings.Fields(string(packages)) {
		if rest, ok := strings.CutPrefix(p, "github.com/mixstream/mixstream/"); ok && !slices.Contains([]string{"client", "contract", "contract/eventjson", "contract/jsonschema", "internal/excerpt", "internal/pathtemplate", "internal/redact", "sse"}, rest) {
			t.Errorf("the client imports %s", rest)
		}
	}
}
