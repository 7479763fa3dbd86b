// Package smalldisk provides disks that a test can fill.
package smalldisk

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// New mounts a file system of the given size, such as "8m", for the duration of a test, and
// returns its folder. Only root can mount. For other users New skips the test, or fails it if
// MIXSTREAM_REQUIRE_TOOLS is set, as .ci/run does.
func New(t testing.TB, bytes string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+bytes); err != nil {
		if os.Getenv("MIXSTREAM_REQUIRE_TOOLS") != "" {
			t.Fatalf("mount: %v", err)
		}
		t.Skipf("mount: %v; root can", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return dir
}

// Fill fills the disk that contains a folder, and returns a function that frees the space.
func Fill(t testing.TB, dir string) (free func()) {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, "filler")) //nolint:gosec // the test chooses the folder
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(f, zeros{}); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("fill: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.Remove(f.Name()); err != nil {
			t.Error(err)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
