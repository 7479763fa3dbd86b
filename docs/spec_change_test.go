package docs_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/yuin/goldmark/ast"

	"github.com/mixstream/mixstream/internal/docblock"
)

// TestSpecChange follows the README's "Change the spec" in a copy of the module, with each
// change that docs/changing-the-spec.md shows. They break nobody, and a program in a module
// of its own uses them all. Nothing but openapi.yaml is edited, and all tests still pass;
// so they do with further changes of the same kinds.
func TestSpecChange(t *testing.T) {
	slow(t)
	dir := t.TempDir()
	top, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range top {
		if entry.Name() == ".git" || entry.Name() == "bench" {
			continue
		}
		if err := copyTree(filepath.Join("..", entry.Name()), filepath.Join(dir, entry.Name())); err != nil {
			t.Fatal(err)
		}
	}
	steps := changeSteps(t)
	if len(steps) != 5 || !strings.Contains(steps[0], "openapi.yaml") || !strings.HasPrefix(steps[2], "go generate") {
		t.Fatalf("the README's steps are %q", steps)
	}
	spec, err := os.ReadFile("../openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	changed := string(spec)
	for _, change := range docblock.Of(t, "changing-the-spec.md") {
		changed = apply(t, changed, change.Text)
	}
	write(t, filepath.Join(dir, "openapi.yaml"), changed)
	command(t, dir, "bash", "-c", steps[2])

	program, err := os.ReadFile("testdata/evolve/main.go.txt")
	if err != nil {
		t.Fatal(err)
	}
	app := application(t, dir, map[string]string{"evolve": string(program)})
	if out := command(t, app, filepath.Join(app, "evolve")); out != "evolved\n" {
		t.Errorf("the program printed %q", out)
	}

	if out, ok := compat(t, "spec", dir); !ok {
		t.Errorf("the changes break somebody:\n%s", out)
	}

	more, err := os.ReadFile("testdata/evolve/more.diff")
	if err != nil {
		t.Fatal(err)
	}
	for diff := range strings.SplitSeq(string(more), "@@\n") {
		changed = apply(t, changed, diff)
	}
	write(t, filepath.Join(dir, "openapi.yaml"), changed)
	command(t, dir, "bash", "-c", steps[2])
	testsPass(t, dir)
}

// testsPass runs the tests of a copy of the module, but for the slow ones, those that compile
// modules of their own, and those of
// packages that know nothing of the spec.
func testsPass(t *testing.T, dir string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "test", "-short", ".", "./gen", "./client", "./server/...", "./docs", "./internal/...", "./cmd/...", "./examples/...")
	cmd.Dir = dir
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "MIXSTREAM_") })
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("the tests of the changed module: %v\n%s", err, out)
	}
}

// changeSteps returns what the README says to do when the spec changes.
func changeSteps(t *testing.T) (steps []string) {
	t.Helper()
	p := readPage(t, "../README.md")
	here := false
	for node := p.root.FirstChild(); node != nil; node = node.NextSibling() {
		if heading, ok := node.(*ast.Heading); ok {
			here = p.plain(heading) == "Change the spec"
		}
		if list, ok := node.(*ast.List); ok && here {
			for item := list.FirstChild(); item != nil; item = item.NextSibling() {
				steps = append(steps, p.plain(item))
			}
		}
	}
	return steps
}

// apply makes a change to the spec that a page shows as a diff.
func apply(t *testing.T, spec, diff string) string {
	t.Helper()
	var before, after strings.Builder
	for line := range strings.Lines(diff) {
		if line[0] != '+' {
			before.WriteString(line[1:])
		}
		if line[0] != '-' {
			after.WriteString(line[1:])
		}
	}
	if n := strings.Count(spec, before.String()); n != 1 {
		t.Fatalf("the spec has %d times\n%s", n, before.String())
	}
	return strings.Replace(spec, before.String(), after.String(), 1)
}

func copyTree(from, to string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return os.CopyFS(to, os.DirFS(from))
	}
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o600)
}
