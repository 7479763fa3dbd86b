package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// Folders within that of a log.
const (
	storeName    = "jetstream"
	repairName   = "mending" // holds the store that is being repaired
	repairedName = "mended"  // holds the store that is to take its place
	damagedName  = "damaged" // holds the last store that was repaired
)

// storeIn returns the folder of a store below one of the folders above.
func (s *Server) storeIn(folder string) string {
	return filepath.Join(s.config.Dir, folder, storeName)
}

// Inspect compares a store with what was written to it, and returns a DamageError if it
// has lost something. While the server runs, a finding may be false: what the server is
// just writing looks damaged too.
func (s *Server) Inspect(ctx context.Context) error {
	if s.watermark == nil {
		return nil
	}
	if exists(s.storeIn(repairName)) && !exists(s.storeIn("")) {
		return DamageError{"its repair was not finished"}
	}
	if err := s.finishRepair(); err != nil {
		return err
	}
	entries, records := s.watermark.level()
	if err := s.checkBlocks(ctx, s.config.Entries, entries); err != nil {
		return err
	}
	return s.checkBlocks(ctx, s.config.Records, records)
}

// repair puts a new store in the place of a damaged one. The new store has everything
// readable of the old one under new ids, above all that were given out, so readers are
// told a gap. No server may run.
//
// The damaged store is moved away first. nats-server drops what it cannot read from a
// store that it opens: if the repair ended there, nothing would show the damage any
// more.
func (s *Server) repair(ctx context.Context, damage error) (err error) {
	dir := s.config.Dir
	defer func() {
		if err != nil {
			err = fmt.Errorf("folder %s: repair the store (%w): %w", dir, damage, err)
		}
	}()
	s.config.Logger.Error("natslog: what can be read of the store is copied into a new one, and readers are told a gap", "error", damage, "kept", filepath.Join(dir, damagedName))
	old, fresh := filepath.Join(dir, repairName), filepath.Join(dir, repairedName)
	if exists(s.storeIn("")) {
		if err := errors.Join(os.RemoveAll(old), os.Mkdir(old, 0o700)); err != nil {
			return err
		}
		if err := os.Rename(s.storeIn(""), s.storeIn(repairName)); err != nil {
			return err
		}
	}
	err = os.RemoveAll(fresh)
	if err == nil {
		err = s.copyStore(ctx, old, fresh)
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(fresh)) // which may be what fills the disk
	}
	if err := os.Rename(s.storeIn(repairedName), s.storeIn("")); err != nil {
		return err
	}
	return s.finishRepair()
}

// finishRepair puts the damaged store aside once a new one has its place.
func (s *Server) finishRepair() error {
	if !exists(s.storeIn(repairName)) || !exists(s.storeIn("")) {
		return nil
	}
	s.watermark.reset()
	old, aside := filepath.Join(s.config.Dir, repairName), filepath.Join(s.config.Dir, damagedName)
	return errors.Join(os.RemoveAll(filepath.Join(s.config.Dir, repairedName)), os.RemoveAll(aside), os.Rename(old, aside))
}

// copyStore copies the store in one folder into a new one in another. It removes the
// indexes of the streams first: without them nats-server reads each block anew, and
// drops what is behind the damage. With them it trusts lengths and sequences, and a
// flipped bit can make it count to 2^62.
func (s *Server) copyStore(ctx context.Context, old, fresh string) error {
	for _, stream := range []string{s.config.Entries, s.config.Records} {
		err := os.Remove(filepath.Join(blocksDir(old, stream), "index.db"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	// The new ids must be above the old ones even if the clock was set back. One id is
	// left out, so that the last old position is told as a gap too.
	high, _ := s.watermark.level()
	n, err := s.config.Copy(ctx, old, fresh, high+1)
	if err != nil {
		return err
	}
	s.config.Logger.Warn("natslog: entries of a damaged store were copied", "count", n)
	return syncFiles(fresh)
}

// syncFiles makes the system write a folder to the disk.
func syncFiles(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		flag := os.O_RDWR // without which Windows refuses to sync
		if d.IsDir() {
			if runtime.GOOS == "windows" {
				return nil // it syncs no folders at all
			}
			flag = os.O_RDONLY
		}
		f, err := os.OpenFile(path, flag, 0) //nolint:gosec // it is in the application's folder
		if err != nil {
			return err
		}
		return errors.Join(f.Sync(), f.Close())
	})
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
