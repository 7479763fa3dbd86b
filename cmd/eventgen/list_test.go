package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/listing"
)

// TestList compares the command's output with golden files, and checks that the JSON has the
// same content.
func TestList(t *testing.T) {
	for _, name := range []string{"kinds", "openapi30", "resumed", "type-in-data"} {
		t.Run(name, func(t *testing.T) {
			spec := filepath.Join("testdata", "specs", name+".yaml")
			var text, asJSON, stderr bytes.Buffer
			if status := run([]string{"-list", spec}, &text, &stderr); status != 0 {
				t.Fatalf("exit status %d: %s", status, &stderr)
			}
			golden := filepath.Join("testdata", "list", name+".golden")
			if *update {
				if err := os.WriteFile(golden, text.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			compare(t, golden, text.Bytes())
			stderr.Reset()
			if status := run([]string{"-list", "-json", spec}, &asJSON, &stderr); status != 0 || stderr.Len() > 0 {
				t.Fatalf("exit status %d: %s", status, &stderr)
			}
			var l listing.Listing
			var again bytes.Buffer
			if err := json.Unmarshal(asJSON.Bytes(), &l); err != nil {
				t.Fatal(err)
			}
			if err := l.WriteText(&again); err != nil || again.String() != text.String() {
				t.Errorf("the JSON says %v:\n%s", err, &again)
			}
		})
	}
}

// TestListRefuses checks that a refused spec is not listed, and that nothing is written.
func TestListRefuses(t *testing.T) {
	var stdout, stderr bytes.Buffer
	spec := edit(t, discriminator, "", madeConst, "const: 1}")
	if status := run([]string{"-list", spec}, &stdout, &stderr); status != 1 || stdout.Len() > 0 || stderr.Len() == 0 {
		t.Errorf("exit status %d, and %q, %q", status, &stdout, &stderr)
	}
	entries, err := os.ReadDir(filepath.Dir(spec))
	if err != nil || len(entries) != 1 {
		t.Errorf("the folder has %v, %v", entries, err)
	}
}
