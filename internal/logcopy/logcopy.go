// Package logcopy copies one log into another, of whatever kind the two are. A log that can be
// copied is a Source, and one that can be copied to is a Target. Only the command and the repair
// of a log need that, so eventlog does not export it.
package logcopy

import (
	"context"
	"time"

	"github.com/mixstream/mixstream/eventlog"
)

// Session is a session of which a log has a record.
type Session struct {
	eventlog.Session
	Floor   uint64    // what it has up to here is of an earlier session of this id; 0: there was none
	Deleted uint64    // the id of its last entry; 0: it is not deleted
	Until   time.Time // when the log forgets it, if it is deleted
}

// Stream is where an entry stands: with a session, or with a scope.
type Stream struct {
	Name  string // of the session, or of the scope
	Scope bool
	// Hash stands in place of the name if the log has only that: then no session has a record
	// that tells the name. It begins with the kind of the log.
	Hash string
}

// Entry is an entry, and where it stands.
type Entry struct {
	eventlog.Entry
	Stream Stream
}

// Key is what a log knows of a deduplication key of a session.
type Key struct {
	Session string
	Name    string // if it is known, and otherwise nothing
	Sum     []byte // the SHA-256 of the name, or the beginning of it
	eventlog.Appended
	Until time.Time // when the log forgets it
}

// Source is a log to copy from. Its methods are called in this order, each once. Nothing that
// they do changes what the log has, but a session that was left half done may be finished.
type Source interface {
	// Sessions returns all sessions that have a record.
	Sessions(ctx context.Context) ([]Session, error)
	// Above returns a position above which the log has given out no id, as far as that can be
	// known: also not after the backup was made from which it was restored.
	Above(ctx context.Context) (uint64, error)
	// Entries calls f for the retained entries, in the order of their ids. F may
	// change the slice, but not keep it.
	Entries(ctx context.Context, f func([]Entry) error) error
	// Keys returns what the log knows of keys.
	Keys(ctx context.Context) ([]Key, error)
	// Moved reports whether the log has got entries since it was read.
	Moved(ctx context.Context) (bool, error)
	// Close releases what reading has taken. It may be called at any time, once.
	Close()
}

// Target is a log to copy to.
type Target interface {
	// Begin makes sure that the log has nothing, and that the ids which Append gives out are
	// above a position. It returns the position before the first one.
	Begin(ctx context.Context, above uint64) (start uint64, err error)
	// Takes reports whether entries of a stream can be copied: a Hash means nothing to a log
	// of another kind.
	Takes(s Stream) bool
	// TakesKey reports whether a key can be copied.
	TakesKey(k *Key) bool
	// Limit returns how many entries of a stream the log retains at most; 0: there is no limit.
	Limit() int64
	// Append appends entries in their order, and sets their ids. It fails if the log has no
	// room for them.
	Append(ctx context.Context, entries []Entry) error
	// Finish adds the sessions and the keys. The positions in the sessions are new ones. Readers may
	// see the log only from then on.
	Finish(ctx context.Context, sessions []Session, keys []Key) error
	// Abort removes what was copied, as far as possible, after anything else has failed.
	Abort()
}
