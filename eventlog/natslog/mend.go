package natslog

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// Folders within that of an embedded server.
const (
	storeName   = "jetstream"
	mendingName = "mending" // has the store that is being mended
	mendedName  = "mended"  // has the one that is to take its place
	damagedName = "damaged" // has the last one that was mended
)

// store returns the folder of a store within that of the log.
func (e *embedded) store(within string) string {
	return filepath.Join(e.options.Dir, within, storeName)
}

// damage returns a damageError if the store of the server, which must not run, is not as it was
// written.
func (e *embedded) damage(ctx context.Context) error {
	if e.highest == nil {
		return nil
	}
	if exists(e.store(mendingName)) && !exists(e.store("")) {
		return damageError{"it was not mended to its end"}
	}
	if err := e.finishMending(); err != nil {
		return fmt.Errorf("natslog: %w", err)
	}
	entries, records := e.highest.get()
	names := subjects{e.options.Name, e.options.Prefix}
	if err := e.scan(ctx, names.entries(), entries); err != nil {
		return err
	}
	return e.scan(ctx, names.records(), records)
}

// mend puts a new store in the place of a damaged one, with all that can be read of it under
// new ids, which are above all that were given out: so everything from before is told as a
// gap. No server may run.
//
// The damaged store leaves its place first. What nats-server cannot read it drops from a store
// that it opens: if mending ended there, the damage could not be seen any more.
func (e *embedded) mend(ctx context.Context, damage error) (err error) {
	o := e.options
	defer func() {
		if err != nil {
			err = fmt.Errorf("natslog: folder %s: mend the store (%w): %w", o.Dir, damage, err)
		}
	}()
	o.Logger.Error("natslog: what can be read of the store is copied into a new one, and readers are told a gap", "error", damage, "kept", filepath.Join(o.Dir, damagedName))
	mending, fresh := filepath.Join(o.Dir, mendingName), filepath.Join(o.Dir, mendedName)
	if exists(e.store("")) {
		if err := errors.Join(os.RemoveAll(mending), os.Mkdir(mending, 0o700)); err != nil {
			return err
		}
		if err := os.Rename(e.store(""), e.store(mendingName)); err != nil {
			return err
		}
	}
	err = os.RemoveAll(fresh)
	if err == nil {
		err = e.copyTo(ctx, mending, fresh)
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(fresh)) // which may be what fills the disk
	}
	if err := os.Rename(e.store(mendedName), e.store("")); err != nil {
		return err
	}
	return e.finishMending()
}

// finishMending keeps the damaged store, if another one has its place.
func (e *embedded) finishMending() error {
	if !exists(e.store(mendingName)) || !exists(e.store("")) {
		return nil
	}
	e.highest.reset(0, 0)
	mending, aside := filepath.Join(e.options.Dir, mendingName), filepath.Join(e.options.Dir, damagedName)
	return errors.Join(os.RemoveAll(filepath.Join(e.options.Dir, mendedName)), os.RemoveAll(aside), os.Rename(mending, aside))
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// copyTo copies the store in one folder into a new one in another. Without the indexes of its
// streams nats-server reads each block anew, and drops what is behind the damage in it. With
// them it takes lengths and sequences as they are, and a flipped bit can make it count to 2^62.
func (e *embedded) copyTo(ctx context.Context, dir, fresh string) (err error) {
	o := e.options
	names := subjects{o.Name, o.Prefix}
	for _, stream := range []string{names.entries(), names.records()} {
		err := os.Remove(filepath.Join(blocks(dir, stream), "index.db"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	o.inside, o.Existing, o.SyncInterval = true, false, time.Minute
	o.Dir, o.Retention = dir, Retention{}
	from, err := Open(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	o.Dir, o.Retention = fresh, from.retention
	high, _ := e.highest.get()
	// If the clock was set back, the new ids still have to be above the old ones. One id is left
	// out, so that also the last old position is told as a gap.
	o.above = high + 1
	to, err := Open(ctx, o)
	if err != nil {
		return err
	}
	n, err := copyLog(ctx, to, from, true)
	if err := errors.Join(err, to.Close()); err != nil {
		return err
	}
	o.Logger.Warn("natslog: entries of a damaged store were copied", "count", n)
	return syncFiles(fresh)
}

// syncFiles makes the system write a folder to the disk.
func syncFiles(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		flag := os.O_RDWR // without which Windows refuses
		if d.IsDir() {
			if runtime.GOOS == "windows" {
				return nil // and this altogether
			}
			flag = os.O_RDONLY
		}
		f, err := os.OpenFile(path, flag, 0) //nolint:gosec // it is of the application's folder
		if err != nil {
			return err
		}
		return errors.Join(f.Sync(), f.Close())
	})
}
