package docs_test

import (
	"fmt"
	"os"
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

// TestReadmeFromOutside has a new user build the README's server and client, and run
// the one against the other.
func TestReadmeFromOutside(t *testing.T) {
	slow(t)
	project, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	address := newTerminal(t, t.TempDir()).address(t, "8080")
	programs := map[string]string{}
	for _, b := range readPage(t, "../README.md").blocks {
		if b.language != "go" {
			continue
		}
		name := "server"
		if strings.Contains(b.text, "client.New(") {
			name = "client"
		}
		programs[name] = strings.ReplaceAll(b.text, "127.0.0.1:8080", address)
	}
	dir := application(t, project, programs)

	server := exec.CommandContext(t.Context(), filepath.Join(dir, "server"))
	server.Stderr = os.Stderr
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	}()
	// The client waits by itself until the server listens.
	if out := command(t, dir, filepath.Join(dir, "client")); out != "token 0 token 1 token 2 done\n" {
		t.Errorf("the client printed %q", out)
	}
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
