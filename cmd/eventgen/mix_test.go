package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMix generates one package from a document in the shape of Mix's own, and another from
// the same document with an overlay. It runs testdata/mix beside them: both packages have the
// same stream.
func TestMix(t *testing.T) {
	slow(t)
	const spec = "testdata/specs/mix.yaml"
	o := newOutside(t, "../..")
	if warnings := o.eventgen(t, "plain", spec); warnings != "" {
		t.Errorf("it warns:\n%s", warnings)
	}
	overlay, err := filepath.Abs("testdata/mix.overlay.yaml")
	if err != nil {
		t.Fatal(err)
	}
	config, err := os.ReadFile("testdata/mix.oapi-codegen.yaml")
	if err != nil {
		t.Fatal(err)
	}
	o.write(t, "controlled/oapi-codegen.yaml", strings.Replace(string(config), "overlay.yaml", "'"+overlay+"'", 1))
	o.eventgen(t, "controlled", spec)
	files, err := filepath.Glob("testdata/mix/*.go.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no tests: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		o.write(t, "wire/"+strings.TrimSuffix(filepath.Base(file), ".txt"), string(text))
	}
	if out, err := o.golang(t, "test", "-timeout", "90s", "./..."); err != nil {
		t.Errorf("go test: %v\n%s", err, out)
	}
}
