package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
)

// writeFile writes data to the file at path in one step: if the process is killed, the file is
// complete, either old or new. It does not touch a file that already contains data, so that
// its time stays and nothing is built again. It follows a link. It writes to a special file,
// such as a device, instead of replacing it.
func writeFile(path string, data []byte) (err error) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		if info.IsDir() {
			return &os.PathError{Op: "write", Path: path, Err: errors.New("is a directory")}
		}
		return os.WriteFile(path, data, 0o600) // there is no file to replace
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
	// Without this the name could refer to an empty file after a power failure.
	if err := temp.Sync(); err != nil {
		return err
	}
	if err := temp.Close(); err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}
