package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const minimal = "testdata/minimal.yaml"

// TestRun runs the command with right and wrong arguments.
func TestRun(t *testing.T) {
	minimal := edit(t) // without a configuration beside it
	missing := filepath.Join(t.TempDir(), "missing")
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name   string
		args   []string
		status int
		stderr string // a part of it
	}{
		{"help", []string{"-h"}, 0, "Usage: eventgen -o <folder>"},
		{"no arguments", nil, 2, "Usage: eventgen -o <folder>"},
		{"no folder", []string{minimal}, 2, "Usage: eventgen -o <folder>"},
		{"no spec", []string{"-o", missing}, 2, "Usage: eventgen -o <folder>"},
		{"two specs", []string{"-o", missing, minimal, minimal}, 2, "Usage: eventgen -o <folder>"},
		{"unknown flag", []string{"-x"}, 2, "flag provided but not defined: -x"},
		{"a folder and a list", []string{"-o", missing, "-list", minimal}, 2, "Usage: eventgen"},
		{"JSON without a list", []string{"-o", missing, "-json", minimal}, 2, "Usage: eventgen"},
		{"no such spec", []string{"-o", missing, missing}, 1, "eventgen: " + missing + ": "},
		{"no such configuration", []string{"-config", missing, "-o", missing, minimal}, 1, "no such file"},
		{"folder is a file", []string{"-o", file, minimal}, 1, "eventgen: "},
		{"no package name", []string{"-o", filepath.Join(missing, "a-b"), minimal}, 1, "is not a valid name of a Go package: set one with -package"},
		{"package is no identifier", []string{"-o", missing, "-package", "a-b", minimal}, 1, `"a-b" is not a valid name of a Go package`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var stderr bytes.Buffer
			if status := run(tc.args, io.Discard, &stderr); status != tc.status {
				t.Errorf("exit status %d, want %d", status, tc.status)
			}
			if got := stderr.String(); !strings.Contains(got, tc.stderr) {
				t.Errorf("stderr is %q, want %q", got, tc.stderr)
			}
		})
	}
	if _, err := os.Stat(missing); err == nil {
		t.Error("a command that fails makes the folder")
	}
}

// TestOutput checks that the command writes the file only when it changes, with the package of
// the flag.
func TestOutput(t *testing.T) {
	minimal := edit(t)
	dir := filepath.Join(t.TempDir(), "orders", "api")
	output := filepath.Join(dir, "api.gen.go")
	old := time.Now().Add(-time.Hour)
	changed := func(args ...string) bool {
		t.Helper()
		var stderr bytes.Buffer
		if status := run(append(args, "-o", dir, minimal), io.Discard, &stderr); status != 0 || stderr.Len() > 0 {
			t.Fatalf("exit status %d: %s", status, &stderr)
		}
		info, err := os.Stat(output)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode(); mode != 0o644 {
			t.Errorf("mode %v", mode)
		}
		if err := os.Chtimes(output, old, old); err != nil {
			t.Fatal(err)
		}
		return info.ModTime().After(old.Add(time.Minute))
	}
	if !changed() {
		t.Error("a new file is not written")
	}
	if changed() {
		t.Error("an equal file is written")
	}
	if err := os.WriteFile(output, []byte("package api\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if !changed() {
		t.Error("another file is not written")
	}
	compare(t, output, mustGenerate(t, minimal, ""))
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("the directory holds %v, %v", entries, err)
	}
	if !changed("-package", "other") {
		t.Error("another package changes nothing")
	}
	if code, err := os.ReadFile(output); err != nil || !bytes.Contains(code, []byte("\npackage other\n")) {
		t.Errorf("the package is not that of -package: %v", err)
	}
}

// TestConfigIsFound uses a configuration in the folder, and one beside the spec.
func TestConfigIsFound(t *testing.T) {
	root := t.TempDir()
	spec, dir := filepath.Join(root, "minimal.yaml"), filepath.Join(root, "api")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(minimal)
	if err != nil {
		t.Fatal(err)
	}
	for path, content := range map[string]string{
		spec:                                     string(text),
		filepath.Join(root, "oapi-codegen.yaml"): "package: beside\noutput: gen/beside.gen.go\ngenerate: {models: true}\n",
	} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []struct{ file, text string }{{"beside.gen.go", "package beside\n"}, {"inside.gen.go", "package inside\n"}} {
		var stderr bytes.Buffer
		if status := run([]string{"-o", dir, spec}, io.Discard, &stderr); status != 0 {
			t.Fatalf("exit status %d: %s", status, &stderr)
		}
		code, err := os.ReadFile(filepath.Join(dir, want.file))
		if err != nil || !bytes.Contains(code, []byte(want.text)) {
			t.Errorf("%s: %v", want.file, err)
		}
		if err := os.Remove(filepath.Join(dir, want.file)); err != nil {
			t.Fatal(err)
		}
		inside := "package: inside\noutput: inside.gen.go\ngenerate: {models: true, client: true}\n"
		if err := os.WriteFile(filepath.Join(dir, "oapi-codegen.yaml"), []byte(inside), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPackageOfFolder uses the package of the existing files.
func TestPackageOfFolder(t *testing.T) {
	minimal := edit(t)
	dir := filepath.Join(t.TempDir(), "a-b")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "doc.go"), []byte("package orders\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	if status := run([]string{"-o", dir, minimal}, io.Discard, &stderr); status != 0 {
		t.Fatalf("exit status %d: %s", status, &stderr)
	}
	if code, err := os.ReadFile(filepath.Join(dir, "api.gen.go")); err != nil || !bytes.Contains(code, []byte("\npackage orders\n")) {
		t.Errorf("it is not of the package that is there: %v", err)
	}
	// An existing file declares a generated name.
	if err := os.WriteFile(filepath.Join(dir, "own.go"), []byte("package orders\n\ntype StreamEvent int\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if status := run([]string{"-o", dir, minimal}, io.Discard, &stderr); status != 1 || !strings.Contains(stderr.String(), "StreamEvent redeclared") {
		t.Errorf("exit status %d: %s", status, &stderr)
	}
}

// TestRefusalWritesNothing checks that a refused spec leaves the output unchanged, and that
// each of its problems has a line.
func TestRefusalWritesNothing(t *testing.T) {
	dir := t.TempDir()
	output := filepath.Join(dir, "api.gen.go")
	if err := os.WriteFile(output, []byte("package api // before"), 0o644); err != nil {
		t.Fatal(err)
	}
	spec := edit(t, "const: made}", "const: 1}", "const: url_changed}", "const: forgotten}")
	var stderr bytes.Buffer
	if status := run([]string{"-config", testConfig, "-o", dir, spec}, io.Discard, &stderr); status != 1 {
		t.Errorf("exit status %d", status)
	}
	want := `eventgen: SPEC:44:5: MadeEvent: the discriminator of streamEvents maps "made" to this event, which has another name: make both the same
eventgen: SPEC:44:5: MadeEvent: no value of the property "event" names an event: its const or enum contains no string, or its schemas contradict each other
eventgen: SPEC:55:5: URLChangedEvent: the discriminator of streamEvents maps "url_changed" to this event, which has another name: make both the same
eventgen: SPEC:55:5: URLChangedEvent: no value of the property "event" names an event: its const or enum contains no string, or its schemas contradict each other
`
	want = strings.ReplaceAll(want, "SPEC", spec)
	if stderr.String() != want {
		t.Errorf("stderr:\n%swant:\n%s", &stderr, want)
	}
	if got, err := os.ReadFile(output); err != nil || string(got) != "package api // before" {
		t.Errorf("the file is %q, %v", got, err)
	}
}

// edit returns the path of a copy of the minimal spec in which each first string of a pair is
// replaced by the second.
func edit(t *testing.T, oldnew ...string) string {
	t.Helper()
	return editFile(t, minimal, oldnew...)
}

func editFile(t *testing.T, file string, oldnew ...string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(oldnew); i += 2 {
		if !strings.Contains(string(data), oldnew[i]) {
			t.Fatalf("%s has no %q", file, oldnew[i])
		}
	}
	path := filepath.Join(t.TempDir(), filepath.Base(file))
	if err := os.WriteFile(path, []byte(strings.NewReplacer(oldnew...).Replace(string(data))), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
