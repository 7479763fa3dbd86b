// Package eventlog is the source of truth behind a stream: an ordered log of the
// events of many sessions, which connections are only views of.
//
// A [Log] deals in event names and JSON data; it knows neither HTTP nor the Go
// types of the spec. [Memory] keeps its events in the process; every
// implementation passes the suite in eventlog/logtest.
//
// # Positions
//
// An id is a number that only grows, for the whole log and not just within a
// session. Assigning it and making its entry visible is one step, so a reader
// that has seen the log up to an id never meets a lower one later. An id is a
// position: any number from a reader's floor to the end of the log is a valid
// place to read on from, whichever session's entry bears it.
package eventlog

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"time"
)

// Errors of a Log that a caller may want to tell apart. They come wrapped; use
// errors.Is.
var (
	// ErrSessionExists says that the session to be created has a record already.
	ErrSessionExists = errors.New("eventlog: session exists")
	// ErrSessionNotFound says that the session has no record.
	ErrSessionNotFound = errors.New("eventlog: session not found")
	// ErrSessionDeleted says that the session was deleted and takes no more entries.
	ErrSessionDeleted = errors.New("eventlog: session deleted")
	// ErrGap says that entries after the position asked for may be gone, or that
	// the position is not one of this log.
	ErrGap = errors.New("eventlog: entries after this position may be missing")
	// ErrInvalidEntry says that an entry cannot be written to a stream as it is.
	ErrInvalidEntry = errors.New("eventlog: an entry's name and data must each be one line")
	// ErrEntryTooLarge says that the log takes no entry of this size.
	ErrEntryTooLarge = errors.New("eventlog: the entry is too large for the log")
	// ErrUnavailable says that the log, which is not in this process, cannot be
	// reached now. What failed with it has appended nothing; of a session that had no
	// record there may be one now.
	ErrUnavailable = errors.New("eventlog: the log is unavailable")
	// ErrOutcomeUnknown says that what was to be appended may be in the log, or may
	// still get there, and may not.
	ErrOutcomeUnknown = errors.New("eventlog: the outcome is unknown")
)

// Entry is one event as the log keeps it. An entry that was appended or read is
// shared between readers: its bytes must not be changed.
type Entry struct {
	ID   uint64 // the position, assigned by the log
	Name string // the event name
	Data []byte // the JSON of its data, one line
}

// Check returns ErrInvalidEntry if the name or the data has a line end, CR or LF.
// It stands where entries come into a log, so that nobody has to look again where
// they are written to many readers.
func (e Entry) Check() error {
	for _, end := range []byte("\r\n") {
		if strings.IndexByte(e.Name, end) >= 0 || bytes.IndexByte(e.Data, end) >= 0 {
			return ErrInvalidEntry
		}
	}
	return nil
}

// Session names a session and the scope whose entries its readers see as well.
type Session struct {
	ID string
	// Scope groups sessions (of a tenant, of a user). Empty means that the session
	// is a scope of its own. The scope given when a session's record is made is
	// kept for good.
	Scope string
}

// Record is what a log knows of a session apart from its entries. It is not
// subject to their retention: an idle session keeps its record.
type Record struct {
	Session
	// Deleted is the id of the session's last entry once it was deleted, else 0.
	Deleted uint64
}

// Log is an ordered, bounded log of the entries of many sessions. All methods
// are safe for concurrent use.
//
// A log decides how long it retains entries. It remembers for each session, and
// for each scope, how far it has been trimmed for as long as the record lives,
// so that a reader is told of a gap when there is one.
//
// A log that is not in the process fails with ErrUnavailable while it cannot be
// reached, after having tried for a while where something is to be appended; and with
// ErrOutcomeUnknown where something may have been appended, and it cannot find out.
//
// Create, Append and Delete fail with ErrInvalidEntry, and add nothing, if an
// entry does not pass Entry.Check, and with ErrEntryTooLarge if the log has a limit
// of its own that an entry is over. A log whose store others can write to checks
// what it reads as well.
type Log interface {
	// Create makes the session's record and appends e to its scope, in one step,
	// and sets e.ID. It fails with ErrSessionExists if there is a record, and with
	// ErrSessionDeleted as long as a deleted one is still kept.
	Create(ctx context.Context, s Session, e *Entry) error

	// Append appends the entries to the session, in order and with no other entry of
	// the session between them, and sets their IDs. It makes the session's record if
	// there is none, and fails with ErrSessionDeleted if the session was deleted. It
	// takes over the entries' bytes. When it returns without an error, the entries
	// are in the log.
	//
	// With a key, which may be nil, it adds the entries only if the key stands for
	// just what key.Appended says, in one step with looking. A repetition of the last
	// call under the key adds nothing, and sets the IDs of before. Any other call fails
	// with a *KeyError, which says what the key stands for, or with ErrKeyForgotten. The
	// log honours a key for KeyLife after the last Append under it, however little it
	// retains of the entries; and not beyond the life of the session's record. An
	// Append of no entries renews a key that the log knows, closes it if key.Close is
	// set, and has no other effect.
	Append(ctx context.Context, s Session, key *Key, entries []Entry) error

	// Delete appends e to the session's scope as the last entry of the session and
	// sets e.ID. The session stays readable for the grace period and is forgotten
	// after it. It fails with ErrSessionNotFound or ErrSessionDeleted.
	Delete(ctx context.Context, session string, e *Entry, grace time.Duration) error

	// Lookup returns the session's record, or ErrSessionNotFound.
	Lookup(ctx context.Context, session string) (Record, error)

	// Follow opens a reader of the session and its scope, whether or not the
	// session has a record; s.Scope counts only if it has none. Following leaves
	// nothing behind. Wake is called after an entry for this reader was appended,
	// possibly many times for one and from any goroutine; it must return at once
	// and must not call the log. It may be called once more while Close runs.
	Follow(ctx context.Context, s Session, wake func()) (Reader, error)
}

// Writable is implemented by a Log that may be readable while nothing can be appended to
// it: its disk is full, or it can only be read.
type Writable interface {
	// Writable returns nil if entries can be appended, as far as the log knows, and
	// otherwise an error that wraps ErrUnavailable and says why. It does not wait.
	Writable(ctx context.Context) error
}

// Reader reads the entries of one session and its scope, merged in the order of
// their ids. It holds no position of its own. Its methods may be called by one
// goroutine at a time.
type Reader interface {
	// Bounds returns the floor, which is the position just before the oldest entry
	// that can be read without a gap, and the end of the log. The floor is never 0.
	// A reader that starts at this end misses no entry that is appended afterwards.
	Bounds(ctx context.Context) (floor, end uint64, err error)

	// Read returns the entries after a position: at least one if there is one, and
	// then as many as fit into limit bytes of data. It does not wait for entries.
	// It fails with ErrGap if after is below the floor or beyond the end.
	Read(ctx context.Context, after uint64, limit int) (Batch, error)

	// Close ends the reader and its calls of wake. It may be called more than once.
	Close()
}

// Batch is what one Read returns.
type Batch struct {
	// Entries are the entries, in the order of their ids. The slice and the bytes
	// are shared: they must not be changed, and stay valid.
	Entries []Entry
	// Position is where to read on: the id of the last entry, or a later position
	// before which there is provably nothing more for this reader.
	Position uint64
}
