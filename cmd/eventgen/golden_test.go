package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/generator"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

const testConfig = "testdata/oapi-codegen.yaml"

// TestGolden compares the events that are generated for small specs with golden files. It also
// compares the whole output of several runs: nothing may depend on the order of a map.
func TestGolden(t *testing.T) {
	for _, name := range []string{"minimal", "streams", "names", "limits"} {
		t.Run(name, func(t *testing.T) {
			spec := filepath.Join("testdata", name+".yaml")
			golden := filepath.Join("testdata", name+".golden")
			got := mustGenerate(t, spec, testConfig)
			if *update {
				if err := os.WriteFile(golden, eventsOf(t, got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			compare(t, golden, eventsOf(t, got))
			for range 5 {
				if again := mustGenerate(t, spec, testConfig); !bytes.Equal(got, again) {
					t.Fatal("a second run gave other bytes")
				}
			}
		})
	}
}

// TestCheckedIn checks that the generated file of this repository matches its spec.
func TestCheckedIn(t *testing.T) {
	const root = "../../"
	compare(t, root+"gen/api.gen.go", mustGenerate(t, root+"openapi.yaml", root+"gen/oapi-codegen.yaml"))
}

// eventsOf returns the part of generated code that eventgen writes.
func eventsOf(t *testing.T, code []byte) []byte {
	t.Helper()
	begin := bytes.Index(code, []byte("// If one of these lines does not compile"))
	if begin < 0 {
		t.Fatalf("no events in:\n%s", code)
	}
	return code[begin:]
}

// generate generates the code for a spec with a configuration file, or with the defaults if
// config is empty.
func generate(spec, config string) (code []byte, warnings []string, err error) {
	cfg, err := loadConfig(config, "api", "")
	if err != nil {
		return nil, nil, err
	}
	g := &generator.Generator{Spec: spec, Config: cfg.Configuration, Output: "nowhere/api.gen.go"}
	code, err = g.Generate()
	return code, source.Lines(g.Problems.Warnings), err
}

func mustGenerate(t *testing.T, spec, config string) []byte {
	t.Helper()
	code, _, err := generate(spec, config)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// compare fails at the first line in which got differs from the file.
func compare(t *testing.T, file string, got []byte) {
	t.Helper()
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	gotLines, wantLines := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	for i := range max(len(gotLines), len(wantLines)) {
		if i >= len(gotLines) || i >= len(wantLines) {
			t.Fatalf("%s has %d lines, and %d are generated", file, len(wantLines), len(gotLines))
		}
		if gotLines[i] != wantLines[i] {
			t.Fatalf("%s:%d:\n  is        %s\n  generated %s", file, i+1, wantLines[i], gotLines[i])
		}
	}
}
