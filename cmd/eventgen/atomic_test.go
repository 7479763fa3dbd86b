package main

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestMain runs the command itself if a test started this process to kill or measure it.
func TestMain(m *testing.M) {
	if args := os.Getenv("EVENTGEN_TEST_ARGS"); args != "" {
		status := run(strings.Split(args, "\n"), os.Stdout, os.Stderr)
		if file := os.Getenv("EVENTGEN_TEST_MEMORY"); file != "" {
			writeMemory(file)
		}
		os.Exit(status)
	}
	os.Exit(m.Run())
}

// TestKilled kills the command at random moments of its run. The file is then complete, either
// old or new, and the folder contains nothing else that Go would compile.
func TestKilled(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	spec := edit(t)
	dir := t.TempDir()
	output := filepath.Join(dir, "api.gen.go")
	want, _, err := generate(spec, "")
	if err != nil {
		t.Fatal(err)
	}
	want = bytes.Replace(want, []byte("package api\n"), []byte("package p\n"), 1)
	old := []byte("package p // old\n")
	start := func() *exec.Cmd {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), self)
		cmd.Env = append(os.Environ(), "EVENTGEN_TEST_ARGS=-package\np\n-o\n"+dir+"\n"+spec)
		if err := os.WriteFile(output, old, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	began := time.Now()
	if err := start().Wait(); err != nil {
		t.Fatal(err)
	}
	whole := time.Since(began)
	killed, written := 0, 0
	for range 40 {
		cmd := start()
		time.Sleep(rand.N(whole * 5 / 4)) // the moment must be random
		_ = cmd.Process.Kill()
		if cmd.Wait() != nil {
			killed++
		}
		got, err := os.ReadFile(output)
		switch {
		case err != nil:
			t.Fatal(err)
		case bytes.Equal(got, want):
			written++
		case !bytes.Equal(got, old):
			t.Fatalf("the file is neither the old nor the new one: %d bytes, want %d", len(got), len(want))
		}
	}
	if killed == 0 {
		t.Error("no process was killed before its end")
	}
	t.Logf("%d of 40 killed, %d files new, in runs of %v", killed, written, whole)
	// The go command ignores a file whose name begins with a dot.
	entries, err := filepath.Glob(filepath.Join(dir, "[^.]*"))
	if err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
}

// TestUnwritable writes to a folder in which no file can be created: the old file stays.
func TestUnwritable(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "api")
	if err := os.MkdirAll(filepath.Join(dir, "api.gen.go"), 0o755); err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	if status := run([]string{"-o", dir, edit(t)}, io.Discard, &stderr); status != 1 || !strings.Contains(stderr.String(), "api.gen.go: is a directory") {
		t.Errorf("exit status %d: %s", status, &stderr)
	}
}
