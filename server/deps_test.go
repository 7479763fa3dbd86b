package server_test

import (
	"os/exec"
	"strings"
	"testing"
)

// An application that imports the server compiles none of these packages.
func TestDependencies(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	if len(deps) < 10 {
		t.Fatalf("the list is %q", deps)
	}
	for _, dep := range deps {
		for _, banned := range []string{"nats", "pgx", "kin-openapi", "oapi-codegen", "opentelemetry", "mixstream/gen", "mixstream/mixstream/mix", "mixstream/client", "mixstream/cmd"} {
			if strings.Contains(dep, banned) {
				t.Errorf("the server depends on %s", dep)
			}
		}
	}
}
