// Package othertool finds third-party programs for tests.
package othertool

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Path returns the path of the first of these programs that is installed. If none is, it skips
// the test, or fails it if MIXSTREAM_REQUIRE_TOOLS is set. .ci/run installs all tools and sets
// that variable.
func Path(t testing.TB, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	for _, folder := range []string{"/usr/sbin", goBin(t)} { // not in every user's PATH
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

// goBin returns the folder in which go install puts programs.
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
