package pgstream_test

import (
	"os/exec"
	"strings"
	"testing"
)

// It adds pgx to an application, and nothing else.
func TestDependencies(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(out), "github.com/jackc/pgx/v5\n") {
		t.Fatalf("the list is %q", out)
	}
	for dep := range strings.Lines(string(out)) {
		for _, banned := range []string{"pgx/v5/stdlib", "nats", "opentelemetry", "kin-openapi", "mixstream/gen", "mixstream/mixstream/mix"} {
			if strings.Contains(dep, banned) {
				t.Errorf("it depends on %s", dep)
			}
		}
	}
}
