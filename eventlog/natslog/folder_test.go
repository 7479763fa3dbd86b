package natslog_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/eventlog/natslog"
)

func TestCheckDir(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	if err := natslog.CheckDir(dir); err != nil {
		t.Errorf("a folder to be made: %v", err)
	}
	if _, err := os.Stat(filepath.Dir(dir)); err == nil {
		t.Error("it made a folder")
	}
	log, err := natslog.Open(t.Context(), natslog.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := natslog.CheckDir(dir); err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("a folder in use: %v", err)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	if err := natslog.CheckDir(dir); err != nil {
		t.Errorf("a folder that was used: %v", err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, filepath.Join(file, "in-a-file"), "/proc/nothing"} {
		if err := natslog.CheckDir(dir); err == nil {
			t.Errorf("%s: no error", dir)
		}
	}
}
