package natslog

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Folders within that of an embedded server.
const (
	storeName   = "jetstream"
	damagedName = "damaged" // of a store that was found damaged
	mendedName  = "mended"  // of the store that is to take its place
)

// damage returns a damageError if the stopped server's store is not as it was written.
func (e *embedded) damage() error {
	if e.highest == nil {
		return nil
	}
	entries, records := e.highest.get()
	names := subjects{e.options.Name, e.options.Prefix}
	if err := scan(e.options.Dir, names.entries(), entries); err != nil {
		return err
	}
	return scan(e.options.Dir, names.records(), records)
}

// mend puts a new store in the place of a damaged one, with all that can be read of it under
// new ids, which are above all that were given out: so everything from before is told as a
// gap. The damaged one is kept beside it. No server may run.
func (e *embedded) mend(ctx context.Context, damage error) error {
	o := e.options
	aside, fresh := filepath.Join(o.Dir, damagedName), filepath.Join(o.Dir, mendedName)
	o.Logger.Error("natslog: what can be read of the store is copied into a new one, and readers are told a gap", "error", damage, "kept", aside)
	err := errors.Join(os.RemoveAll(fresh), os.RemoveAll(aside))
	if err == nil {
		err = e.copyTo(ctx, fresh)
	}
	if err == nil {
		err = errors.Join(os.Mkdir(aside, 0o700), os.Rename(filepath.Join(o.Dir, storeName), filepath.Join(aside, storeName)))
	}
	if err == nil {
		err = e.finishMending()
	}
	if err != nil {
		return fmt.Errorf("natslog: folder %s: mend the store (%w): %w", o.Dir, damage, err)
	}
	e.highest.reset(0, 0)
	return nil
}

// finishMending moves a mended store to its place, if that is empty.
func (e *embedded) finishMending() error {
	store, fresh := filepath.Join(e.options.Dir, storeName), filepath.Join(e.options.Dir, mendedName)
	if _, err := os.Stat(store); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(filepath.Join(fresh, storeName), store); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.RemoveAll(fresh)
}

// copyTo copies the store into a folder. Without the indexes of its streams nats-server reads
// each block anew, and drops what is behind the damage in it. With them it takes lengths and
// sequences as they are, and a flipped bit can make it count to 2^62.
func (e *embedded) copyTo(ctx context.Context, fresh string) (err error) {
	o := e.options
	names := subjects{o.Name, o.Prefix}
	for _, stream := range []string{names.entries(), names.records()} {
		err := os.Remove(filepath.Join(blocks(o.Dir, stream), "index.db"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	o.inside, o.Existing, o.SyncInterval = true, false, time.Minute
	from, err := Open(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	o.Dir, o.Retention = fresh, from.retention
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
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		f, err := os.Open(path) //nolint:gosec // it is of the application's folder
		if err != nil {
			return err
		}
		return errors.Join(f.Sync(), f.Close())
	})
}

// damaged returns a damageError if an embedded server's store, while it runs, is not as it was
// written.
func (l *Log) damaged(ctx context.Context) error {
	if l.embedded.highest == nil {
		return nil
	}
	if err := l.embedded.damage(); err != nil {
		return err
	}
	entries, records := l.embedded.highest.get()
	for stream, high := range map[string]uint64{l.subjects.entries(): entries, l.subjects.records(): records} {
		var info struct {
			State struct {
				Last uint64 `json:"last_seq"`
				Lost struct {
					Messages []uint64 `json:"msgs"`
				} `json:"lost"`
			} `json:"state"`
		}
		if err := l.api(ctx, "STREAM.INFO."+stream, nil, &info); err != nil {
			return err
		}
		if info.State.Last < high {
			return damageError{fmt.Sprintf("stream %s ends at %d, and had acknowledged %d", stream, info.State.Last, high)}
		}
		for _, seq := range info.State.Lost.Messages {
			if seq <= high {
				return damageError{fmt.Sprintf("stream %s has lost %d", stream, seq)}
			}
		}
	}
	return nil
}
