package contract_test

import (
	"os/exec"
	"strings"
	"testing"
)

// Generated code imports the package on both sides, so it imports the standard library only.
func TestDependencies(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	if deps := strings.Fields(string(out)); len(deps) != 1 || !strings.HasSuffix(deps[0], "/contract") {
		t.Errorf("the package depends on %q", deps)
	}
}
