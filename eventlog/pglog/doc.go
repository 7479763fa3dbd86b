// Package pglog is the eventlog.Log in a PostgreSQL database, which any number of processes may
// share. It needs PostgreSQL 14 or later, and all of it happens on the primary server.
//
// An application that keeps its own rows in the same database can publish in its own
// transactions: see [Log.AppendTx].
//
// # Setting it up
//
// [Migrate] makes the tables and functions of the log in a schema of their own. [Open] never
// does: it fails with a [*SchemaError] if they are missing or of another version.
//
// # How it works
//
// An id is the time in microseconds, or the last id plus one if that is later. One transaction
// at a time gives out ids: it holds an advisory lock until its entries can be seen. So the order
// of ids is the order in which entries appear, and a reader that has read up to an id never
// meets a lower one later. No transaction of the application holds that lock, and it is never
// held while a client thinks. A process appends everything that waits in one such transaction.
//
// AppendTx writes to an outbox instead. Each of the transactions above first moves what it
// finds there into the log. A lock of the session, until the commit, makes the order within a
// session the order of the commits.
//
// Each call that changes the log leaves a token. A process that loses the answer to a call asks
// for the token, and learns whether the call was made. So Append is certain, without a key as
// well, if the database is back within Options.AppendTimeout.
//
// Each process has one connection that listens for notifications. A notification only says that
// there is something new. What it is comes from one query, which the process also makes every
// Options.PollInterval, in case a notification was lost. The query brings the new entries of all
// streams that have readers in the process, which keeps the newest of them, up to 16 MiB. A reader
// queries the database itself only to find where to begin, when it is behind those entries, and
// after the connection was lost.
//
// # Failover
//
// The log knows the database by its system identifier and its timeline, and its table by its oid.
// If a replica was promoted, or the database was restored elsewhere or from a dump, another epoch
// of the log begins: its ids are above everything that was given out before, and a position that
// only the lost history had is told as a gap. A server whose volume was set back to an earlier state
// looks the same: its ids still go on above, unless its clock is behind, but readers are not told
// what is lost.
//
// # Where to begin reading
//
// log.go has the methods of a Log. committer.go collects requests, and call.go sends them;
// reader.go reads; tail.go brings what is new, deliver.go gives it to the readers, and memory.go
// keeps it; retain.go, trim.go, expire.go and idle.go delete; outbox.go has AppendTx, and
// pending.go its ids. copysource.go and copytarget.go copy a log for the command. The folder sql
// has what happens in the database.
package pglog
