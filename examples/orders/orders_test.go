package main_test

import (
	"os/exec"
	"testing"
)

// TestCuts runs the command in the folder cuts, which loses nothing in six cuts.
func TestCuts(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "run", "./cuts").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	const want = "placed for 4200\nshipped with DHL\nshipped with UPS\nshipped with DHL\nshipped with GLS\nshipped with UPS\ncuts: 6\n"
	if string(out) != want {
		t.Errorf("it printed %q, want %q", out, want)
	}
}

// TestWholeSpec generates code from a spec that describes everything, so that the generator
// warns of nothing.
func TestWholeSpec(t *testing.T) {
	generate := exec.CommandContext(t.Context(), "go", "run", "../../cmd/eventgen", "-o", t.TempDir(), "-package", "whole", "testdata/whole.yaml")
	if out, err := generate.CombinedOutput(); err != nil || len(out) > 0 {
		t.Fatalf("%v: %s", err, out)
	}
}
