package natslog

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// CheckDir tells whether Open could use a folder as Options.Dir now: whether it, or the
// folder that it would be made in, can be written to, and no other process has it. What
// the folder holds is not looked at. It leaves nothing behind.
func CheckDir(dir string) error {
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		parent := filepath.Dir(filepath.Clean(dir))
		if parent == filepath.Clean(dir) {
			return fmt.Errorf("natslog: %w", err)
		}
		return CheckDir(parent)
	}
	if err != nil {
		return fmt.Errorf("natslog: %w", err)
	}
	if !info.IsDir() {
		return fmt.Errorf("natslog: %s is not a folder", dir)
	}
	f, err := os.CreateTemp(dir, ".check-*")
	if err != nil {
		return fmt.Errorf("natslog: folder %s cannot be written to: %w", dir, err)
	}
	if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
		return fmt.Errorf("natslog: %w", err)
	}
	name := filepath.Join(dir, lockName)
	if _, err := os.Stat(name); err != nil {
		return nil // nobody has used it yet
	}
	lock, err := lockFile(name)
	if err != nil {
		return fmt.Errorf("natslog: folder %s is in use by another process: %w", dir, err)
	}
	return lock.Close() // which also unlocks it
}
