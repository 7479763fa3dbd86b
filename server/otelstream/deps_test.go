package otelstream_test

import (
	"os/exec"
	"strings"
	"testing"
)

// Which SDK there is, if any, is for the application.
func TestDependencies(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(out), "go.opentelemetry.io/otel/metric\n") {
		t.Fatalf("the list is %q", out)
	}
	for dep := range strings.Lines(string(out)) {
		for _, banned := range []string{"opentelemetry.io/otel/sdk", "opentelemetry.io/otel/exporters", "nats", "kin-openapi", "mixstream/gen"} {
			if strings.Contains(dep, banned) {
				t.Errorf("it depends on %s", dep)
			}
		}
	}
}
