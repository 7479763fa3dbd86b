package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/contract"
)

// TestVersions compiles generated code beside a runtime that is too new for it, and beside one
// that is too old. The compiler's message tells what to do.
func TestVersions(t *testing.T) {
	slow(t)
	version, err := os.ReadFile("../../contract/version.go")
	if err != nil {
		t.Fatal(err)
	}
	versions := map[string]int{"Version": contract.Version, "OldestVersion": contract.OldestVersion}
	for _, tc := range []struct {
		name, constant string
		change         int
		want           string
	}{
		{"new runtime", "OldestVersion", 1, "RunEventgenAgain"},
		{"old runtime", "Version", -1, "UpdateMixstream"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			line := func(change int) string {
				return fmt.Sprintf("const %s = %d", tc.constant, versions[tc.constant]+change)
			}
			changed := strings.Replace(string(version), line(0), line(tc.change), 1)
			if changed == string(version) {
				t.Fatalf("contract/version.go has no %q", line(0))
			}
			// The runtime is a copy of the packages that generated code imports.
			runtime := outside{t.TempDir()}
			runtime.write(t, "go.mod", "module github.com/mixstream/mixstream\n\ngo 1.26.0\n")
			for _, dir := range []string{"contract", "contract/eventjson", "contract/jsonschema", "internal/excerpt"} {
				files, err := filepath.Glob("../../" + dir + "/*.go")
				if err != nil {
					t.Fatal(err)
				}
				for _, file := range files {
					text, err := os.ReadFile(file)
					if err != nil {
						t.Fatal(err)
					}
					if !strings.HasSuffix(file, "_test.go") {
						runtime.write(t, dir+"/"+filepath.Base(file), string(text))
					}
				}
			}
			o := newOutside(t, runtime.dir)
			o.eventgen(t, "api", edit(t))
			if out, err := o.golang(t, "build", "./api"); err != nil {
				t.Fatalf("with the same version: %v\n%s", err, out)
			}
			runtime.write(t, "contract/version.go", changed)
			out, err := o.golang(t, "build", "./api")
			if err == nil || !strings.Contains(out, "contract."+tc.want) {
				t.Errorf("go build: %v\n%s", err, out)
			}
			t.Log(out)
		})
	}
}
