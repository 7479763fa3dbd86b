package main

import (
	"strings"
	"testing"
)

// TestNumbers generates numbers without a format: as wide as in JSON, unless a configuration
// narrows them.
func TestNumbers(t *testing.T) {
	const spec = "testdata/specs/data-only.yaml"
	for config, want := range map[string]string{"": "float64", testConfig: "float32"} {
		if trade := declarationsOf(t, mustGenerate(t, spec, config))["Trade"]; !strings.Contains(trade, " "+want+" ") {
			t.Errorf("with the configuration %q:\n%s", config, trade)
		}
	}
}
