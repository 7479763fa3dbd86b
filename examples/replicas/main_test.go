package main

import (
	"fmt"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRun(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), &out, ""); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != total+1 {
		t.Fatalf("got %q", lines)
	}
	ways := make(map[string]bool)
	for i, line := range lines[:total] {
		if want := fmt.Sprintf("event %d, published by ", i+1); !strings.HasPrefix(line, want) {
			t.Errorf("line %d is %q, want %q", i+1, line, want)
		}
		ways[line[strings.LastIndex(line, ", published"):]] = true
	}
	if len(ways) != 4 {
		t.Errorf("events came by the ways %v, want both replicas to serve what both have published", ways)
	}
}
