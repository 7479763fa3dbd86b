package servertest

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// Dependencies checks what an application compiles that imports the package of the test: one
// package for certain, and none whose path has one of the others in it.
func Dependencies(t *testing.T, has string, banned ...string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	if len(deps) < 10 || !slices.Contains(deps, has) {
		t.Fatalf("the list is %q", deps)
	}
	for _, dep := range deps {
		for _, other := range banned {
			if strings.Contains(dep, other) {
				t.Errorf("it depends on %s", dep)
			}
		}
	}
}
