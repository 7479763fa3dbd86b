package main

import (
	"strings"
	"testing"

	"github.com/mixstream/mixstream/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// Run compares the events with the table.
func TestRun(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), &out, pgtest.Shared(t).URL("postgres")); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	for _, want := range []string{"-- a cut\n", "-- replica A dies", "-- reconnection", "order 1, for 100\n", "\n20 of 24 orders are in the table, and each was read once and in order\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not tell %q:\n%s", want, text)
		}
	}
}
