package docs_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// application builds programs in a module of their own, outside the repository, that
// requires this project from a folder.
func application(t *testing.T, project string, programs map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	write(t, filepath.Join(dir, "go.mod"), fmt.Sprintf(`module example.com/application

go 1.26.0

require github.com/mixstream/mixstream v0.0.0

replace github.com/mixstream/mixstream => %s
`, project))
	// With the project's sums nothing has to be fetched that its own tests do not need.
	if err := copyTree("../go.sum", filepath.Join(dir, "go.sum")); err != nil {
		t.Fatal(err)
	}
	for name, source := range programs {
		write(t, filepath.Join(dir, "cmd", name, "main.go"), source)
	}
	command(t, dir, "go", "build", "-mod=mod", "-o", dir, "./cmd/...")
	return dir
}

// command runs a command to its end and returns its standard output.
func command(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}
