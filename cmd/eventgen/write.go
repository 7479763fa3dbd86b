package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
)

// writeFile puts data into the file at path in one step: whenever the process is killed,
// the file is the old one or the new one, whole. A file that holds data already is left
// alone: its time stays, and nothing is built again for it. A link is followed, and what is
// no regular file, such as a device, is written to and not replaced.
func writeFile(path string, data []byte) (err error) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		if info.IsDir() {
			return &os.PathError{Op: "write", Path: path, Err: errors.New("it is a directory")}
		}
		return os.WriteFile(path, data, 0o600) // there is no file to be made
	}
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, data) {
		return nil
	}
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = temp.Close()
			_ = os.Remove(temp.Name())
		}
	}()
	if _, err := temp.Write(data); err != nil {
		return err
	}
	// CreateTemp makes a file that only its owner can read.
	if err := temp.Chmod(0o644); err != nil {
		return err
	}
	// After a power cut the name must not stand for an empty file.
	if err := temp.Sync(); err != nil {
		return err
	}
	if err := temp.Close(); err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}
