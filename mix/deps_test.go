package mix_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestDependencies holds which modules an application compiles that imports this package.
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
			t.Errorf("the package depends on %s", module)
		}
	}
}
