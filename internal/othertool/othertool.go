// Package othertool finds programs of others that a test runs.
package othertool

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Path returns where a program is: the first of these names that is installed. Where none
// is, the test is left out, unless MIXSTREAM_REQUIRE_TOOLS is set. .ci/run sets it, and
// installs them all.
func Path(t testing.TB, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	for _, folder := range []string{"/usr/sbin", goBin(t)} { // which are not in every user's path
		for _, name := range names {
			if path, err := exec.LookPath(filepath.Join(folder, name)); err == nil {
				return path
			}
		}
	}
	complaint := strings.Join(names, " or ") + " is not installed; .ci/run installs it"
	if os.Getenv("MIXSTREAM_REQUIRE_TOOLS") != "" {
		t.Fatal(complaint)
	}
	t.Skip(complaint)
	return ""
}

// goBin is where go install puts programs.
func goBin(t testing.TB) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "env", "GOBIN", "GOPATH").Output()
	if err != nil {
		t.Fatal(err)
	}
	bin, paths, _ := strings.Cut(strings.TrimRight(string(out), "\n"), "\n")
	if bin == "" {
		bin = filepath.Join(filepath.SplitList(paths)[0], "bin")
	}
	return bin
}
