package logfolder_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/internal/logfolder"
)

func TestCheck(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	if err := logfolder.Check(dir); err != nil {
		t.Errorf("a missing folder: %v", err)
	}
	if _, err := os.Stat(filepath.Dir(dir)); err == nil {
		t.Error("Check made a folder")
	}
	lock, err := logfolder.Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" {
		if err := logfolder.Check(dir); err == nil || !strings.Contains(err.Error(), "in use by another process") {
			t.Errorf("a folder in use: %v", err)
		}
		if _, err := logfolder.Lock(dir); err == nil {
			t.Error("a folder was locked twice")
		}
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	if err := logfolder.Check(dir); err != nil {
		t.Errorf("a folder that was used: %v", err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, filepath.Join(file, "in-a-file"), "/proc/nothing"} {
		if err := logfolder.Check(dir); err == nil {
			t.Errorf("%s: no error", dir)
		}
	}
}
