// Package pgcopy gives access to a log in PostgreSQL as one to copy from or to. Only the command
// needs that, so eventlog/pglog does not export it; it registers its implementation here.
package pgcopy

import (
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mixstream/mixstream/internal/logcopy"
)

// Log says where a log is.
type Log struct {
	Pool   *pgxpool.Pool // stays the caller's
	Schema string        // as in pglog.Options
	// What the servers will retain, as in pglog.Retention. It counts for a Target only.
	Entries int64
	Bytes   int64
}

// Access returns a log as one to copy from, and as one to copy to.
type Access func(l Log) (logcopy.Source, logcopy.Target, error)

var registered Access

// Register sets the implementation. It is for the initialization of eventlog/pglog.
func Register(a Access) { registered = a }

// Source returns a log as one to copy from. It is read in one snapshot, may be on a replica, and
// nothing of it is changed.
func Source(l Log) (logcopy.Source, error) {
	s, _, err := registered(l)
	return s, err
}

// Target returns a log as one to copy to. Its schema must have been migrated, and be empty. All
// that is copied becomes visible at once, when the copy is finished; until then nobody can append.
func Target(l Log) (logcopy.Target, error) {
	_, t, err := registered(l)
	return t, err
}
