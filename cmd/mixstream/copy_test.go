package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/internal/docblock"
)

// A log goes from a folder to PostgreSQL, from there to another schema and to another database, and
// back to a folder. No output has the password.
func TestCopyPostgres(t *testing.T) {
	first, second := withPassword(newDatabase(t)), withPassword(newDatabase(t))
	old, fresh := "file:"+t.TempDir(), "file:"+filepath.Join(t.TempDir(), "fresh")
	run := func(want int, text string, args ...string) {
		t.Helper()
		status, stdout, stderr := execute(t, "", args...)
		if status != want || !strings.Contains(stdout+stderr, text) {
			t.Errorf("%q: status %d, want %d and %q: %s%s", args, status, want, text, stdout, stderr)
		}
		if strings.Contains(stdout+stderr, "hunter2") {
			t.Errorf("%q: the password was printed: %s%s", args, stdout, stderr)
		}
	}
	if status, _, stderr := execute(t, helloEvent+"\n"+completeEvent, "publish", "--log", old, "s1"); status != exitSuccess {
		t.Fatalf("status %d: %s", status, stderr)
	}
	run(exitFailure, `has no schema "mixstream" of a log: run mixstream migrate`, "copy", "--from", old, "--log", first)
	run(exitFailure, `has no schema "other" of a log: name it with --from-schema`, "copy", "--from", first, "--from-schema", "other", "--log", fresh)
	for _, to := range [][]string{{first}, {first, "--log-schema", "other"}, {second}} {
		run(exitSuccess, "is made", append([]string{"migrate", "--log"}, to...)...)
	}
	for _, args := range [][]string{
		{"--from", old, "--log", first},
		{"--from", first, "--log", first, "--log-schema", "other"},
		{"--from", first, "--from-schema", "other", "--log", second},
	} {
		run(exitSuccess, "2 events copied, 1 sessions and 2 keys", append([]string{"copy"}, args...)...)
	}
	sql(t, second, "update mixstream.key set used = 0") // copying would wait for that
	run(exitSuccess, "2 events copied, 1 sessions and 0 keys", "copy", "--from", second, "--log", fresh)
	run(exitFailure, "the log to copy to is not empty", "copy", "--from", old, "--log", second)
	_, url := serving(t, "--log", fresh)
	if got := tailed(t, url); !strings.Contains(got, "Hello") {
		t.Errorf("got %q", got)
	}
	gone := strings.Replace(second, "?", "gone?", 1)
	run(exitFailure, "does not exist", "copy", "--from", old, "--log", gone)
	run(exitFailure, "does not exist", "copy", "--from", gone, "--log", "file:"+t.TempDir())
	run(exitUsage, "--from-schema is for a log in PostgreSQL", "copy", "--from", old, "--from-schema", "x", "--log", first)
	run(exitUsage, "--log-schema and --log-listen are for a log in PostgreSQL", "copy", "--from", first, "--log-schema", "x", "--log", fresh)
	run(exitUsage, fmt.Sprintf("schema %q: use letters", "a b"), "copy", "--from", first, "--from-schema", "a b", "--log", fresh)
}

// What docs/logs.md shows of copying, with a folder and a database that are there.
func TestCopyAsShown(t *testing.T) {
	folder := t.TempDir()
	if status, _, stderr := execute(t, helloEvent, "publish", "--log", "file:"+folder, "s1"); status != exitSuccess {
		t.Fatalf("status %d: %s", status, stderr)
	}
	there := strings.NewReplacer("postgres://owner@db/shop", newDatabase(t), "/var/lib/mixstream", folder)
	for line := range strings.Lines(there.Replace(docblock.Of(t, "logs.md")[0].Text)) {
		if status, _, stderr := execute(t, "", strings.Fields(line)[1:]...); status != exitSuccess {
			t.Errorf("%s: status %d: %s", line, status, stderr)
		}
	}
}

// withPassword adds a password to an address, which the server does not ask for.
func withPassword(address string) string {
	return strings.Replace(address, "postgres@", "postgres:hunter2@", 1)
}
