// Package eventlog is the source of truth behind a stream: an ordered log of the events
// of many sessions. Connections are only views of it.
//
// A [Log] deals in event names and JSON data; it knows neither HTTP nor the Go types of
// the spec. [Memory] keeps its events in the process. Every implementation passes the
// suite in eventlog/logtest.
//
// # Positions
//
// An id is a number that only grows, for the whole log and not just within a session.
// Assigning it and making its entry visible is one step, so a reader that has seen the
// log up to an id never meets a lower one later. An id is a position: a reader can
// continue from any number between its floor and the end of the log, whichever session
// the entry of that id belongs to.
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
	// ErrGap says that entries after the requested position may be gone, or that the
	// position is not one of this log.
	ErrGap = errors.New("eventlog: entries after this position may be missing")
	// ErrInvalidEntry says that an entry cannot be written to a stream as it is.
	ErrInvalidEntry = errors.New("eventlog: an entry's name and data must each be one line")
	// ErrEntryTooLarge says that the log takes no entry of this size.
	ErrEntryTooLarge = errors.New("eventlog: the entry is too large for the log")
	// ErrUnavailable says that a log outside this process cannot be reached now. A call
	// that fails with it has appended nothing, but may have made the session's record.
	ErrUnavailable = errors.New("eventlog: the log is unavailable")
	// ErrOutcomeUnknown says that the entries may be in the log, may still get there, or
	// may be lost.
	ErrOutcomeUnknown = errors.New("eventlog: the outcome is unknown")
)

// Entry is one event as the log keeps it. Readers share an entry that was appended or
// read: nothing may change its bytes.
type Entry struct {
	ID   uint64 // the position, assigned by the log
	Name string // the event name
	Data []byte // the JSON of its data, one line
}

// Check returns ErrInvalidEntry if the name or the data contains a line end, CR or LF.
// A log calls it for the entries that it takes, so that they need no check when they are
// written to many readers.
func (e Entry) Check() error {
	for _, end := range []byte("\r\n") {
		if strings.IndexByte(e.Name, end) >= 0 || bytes.IndexByte(e.Data, end) >= 0 {
			return ErrInvalidEntry
		}
	}
	return nil
}

// Session names a session, and the scope whose entries its readers see as well.
type Session struct {
	ID string
	// Scope groups sessions (of a tenant, of a user). Empty means that the session is a
	// scope of its own. A session keeps the scope with which its record was made.
	Scope string
}

// Record is what a log knows of a session apart from its entries. The retention of
// entries does not apply to it: an idle session keeps its record.
type Record struct {
	Session
	// Deleted is the id of the session's last entry if it was deleted, otherwise 0.
	Deleted uint64
}

// Log is an ordered, bounded log of the entries of many sessions. All methods are safe
// for concurrent use.
//
// A log decides how long it retains entries. For each session and each scope it
// remembers how far it has trimmed them, as long as the record lives, so that it can
// tell a reader of a gap.
//
// A log outside the process fails with ErrUnavailable while it cannot be reached; Create,
// Append and Delete try for a while before they do. They fail with ErrOutcomeUnknown if
// something may have been appended and the log cannot find out.
//
// Create, Append and Delete add nothing if an entry does not pass Entry.Check; they fail
// with ErrInvalidEntry then, and with ErrEntryTooLarge if an entry is over a limit of
// the log. A log whose store others can write to also checks what it reads.
type Log interface {
	// Create makes the session's record and appends e to its scope, in one step, and
	// sets e.ID. It fails with ErrSessionExists if there is a record, and with
	// ErrSessionDeleted as long as the log keeps the record of a deleted session.
	Create(ctx context.Context, s Session, e *Entry) error

	// Append appends the entries to the session and sets their IDs. They stand in their
	// order, with no other entry of the session between them. Append makes the session's
	// record if there is none, and fails with ErrSessionDeleted if the session was
	// deleted. It takes over the entries' bytes. When it returns nil, the entries are in
	// the log.
	//
	// With a key, which may be nil, Append adds the entries only if the key stands for
	// exactly what key.Appended says; comparing and adding are one step. A repetition of
	// the last call under the key adds nothing and sets the IDs from before. Any other
	// call fails with ErrKeyForgotten, or with a *KeyError that says what the key stands
	// for. The log honours a key for KeyLife after the last Append under it, however few
	// entries it retains, but not beyond the life of the session's record. An Append of
	// no entries renews a key that the log knows, and closes it if key.Close is set. It
	// has no other effect.
	Append(ctx context.Context, s Session, key *Key, entries []Entry) error

	// Delete appends e to the session's scope as the last entry of the session, and sets
	// e.ID. The session stays readable for the grace period, and is forgotten after it.
	// Delete fails with ErrSessionNotFound or ErrSessionDeleted.
	Delete(ctx context.Context, session string, e *Entry, grace time.Duration) error

	// Lookup returns the session's record, or ErrSessionNotFound.
	Lookup(ctx context.Context, session string) (Record, error)

	// Follow opens a reader of the session and its scope, whether or not the session has
	// a record; s.Scope counts only if it has none. Following leaves nothing behind. The
	// log calls wake after it has appended an entry for this reader, possibly many times
	// for one entry and from any goroutine. Wake must return at once and must not call
	// the log. The log may call it once more while Close runs.
	Follow(ctx context.Context, s Session, wake func()) (Reader, error)
}

// Writable is an optional interface of a Log that may be readable while nothing can be
// appended to it, such as when its disk is full.
type Writable interface {
	// Writable returns nil if entries can be appended, as far as the log knows. Otherwise
	// it returns an error that wraps ErrUnavailable and gives the reason. It does not
	// wait.
	Writable(ctx context.Context) error
}

// Reader reads the entries of one session and its scope, merged in the order of their
// ids. It holds no position of its own. Only one goroutine at a time may call its
// methods.
type Reader interface {
	// Bounds returns the floor and the end of the log. The floor is the position just
	// before the oldest entry that can be read without a gap; it is never 0. A reader
	// that starts at this end misses no entry that is appended later.
	Bounds(ctx context.Context) (floor, end uint64, err error)

	// Read returns the entries after a position: at least one if there is one, and as
	// many as fit into limit bytes of data. It does not wait for entries. It fails with
	// ErrGap if after is below the floor or beyond the end.
	Read(ctx context.Context, after uint64, limit int) (Batch, error)

	// Close closes the reader, and ends its calls of wake. It may be called more than
	// once.
	Close()
}

// Batch is what one Read returns.
type Batch struct {
	// Entries are in the order of their ids. Readers share the slice and the bytes:
	// nothing may change them, and they stay valid.
	Entries []Entry
	// Position is where to continue: the id of the last entry, or a later position up to
	// which there is certainly nothing more for this reader.
	Position uint64
}
