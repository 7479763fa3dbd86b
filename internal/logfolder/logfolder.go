// Package logfolder gives a process the folder of an embedded log to itself, and
// tells beforehand whether a process could have it.
package logfolder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// lockName names the file that is locked while a process uses the folder.
const lockName = "lock"

// Lock makes the folder if it is missing, and locks it. Closing the file unlocks the
// folder.
func Lock(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return lock(dir)
}

func lock(dir string) (*os.File, error) {
	f, err := lockFile(filepath.Join(dir, lockName))
	if err != nil {
		return nil, fmt.Errorf("folder %s is in use by another process: %w", dir, err)
	}
	return f, nil
}

// Check returns an error if Lock would fail now, or if the folder cannot be written
// to. A missing folder is judged by the nearest one above it. Check ignores what the
// folder holds, and leaves nothing behind.
func Check(dir string) error {
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		parent := filepath.Dir(filepath.Clean(dir))
		if parent == filepath.Clean(dir) {
			return err
		}
		return Check(parent)
	}
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is not a folder", dir)
	}
	f, err := os.CreateTemp(dir, ".check-*")
	if err != nil {
		return fmt.Errorf("cannot write to folder %s: %w", dir, err)
	}
	if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, lockName)); err != nil {
		return nil // no process has used it yet
	}
	locked, err := lock(dir)
	if err != nil {
		return err
	}
	return locked.Close() // which also unlocks it
}
