package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestVersions compiles generated code beside a runtime that is too new for it, and beside one
// that is too old. The compiler's message tells what to do.
func TestVersions(t *testing.T) {
	slow(t)
	version, err := os.ReadFile("../../contract/version.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ name, old, new, want string }{
		{"new runtime", "const OldestVersion = 1", "const OldestVersion = 2", "RunEventgenAgain"},
		{"old runtime", "const Version = 1", "const Version = 0", "UpdateMixstream"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			changed := strings.Replace(string(version), tc.old, tc.new, 1)
			if changed == string(version) {
				t.Fatalf("contract/version.go has no %q", tc.old)
			}
			// The runtime is a copy of the package that generated code imports.
			runtime := outside{t.TempDir()}
			runtime.write(t, "go.mod", "module github.com/mixstream/mixstream\n\ngo 1.26.0\n")
			files, err := filepath.Glob("../../contract/*.go")
			if err != nil {
				t.Fatal(err)
			}
			for _, file := range files {
				text, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if !strings.HasSuffix(file, "_test.go") {
					runtime.write(t, "contract/"+filepath.Base(file), string(text))
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
