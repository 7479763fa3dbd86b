package pglog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/mixstream/mixstream/eventlog"
)

// Codes of errors that the functions of the schema raise, and of some of PostgreSQL's own.
const (
	codeOtherHistory  = "MX001"
	codeIsolation     = "MX002"
	codeReadOnly      = "25006"
	codeDiskFull      = "53100"
	codeDeadlock      = "40P01"
	codeSerialization = "40001"
	codeLockTimeout   = "55P03"
	codeNoStatement   = "26000" // there is no such prepared statement
	codeNotSupported  = "0A000" // of a prepared statement: the types of its result have changed
)

var (
	// ErrReadOnly says that the database takes no writes: it is a replica, or was made read-only.
	// It comes with eventlog.ErrUnavailable.
	ErrReadOnly = errors.New("pglog: the database is read-only")
	// ErrFull says that the disk of the database is full. It comes with eventlog.ErrUnavailable.
	ErrFull = errors.New("pglog: the disk of the database is full")
	// ErrSlow says that the database did not answer in time. It comes with
	// eventlog.ErrUnavailable or eventlog.ErrOutcomeUnknown.
	ErrSlow = errors.New("pglog: the database did not answer in time")
	// ErrIsolation says that the transactions of the pool have another isolation level than read
	// committed, which the log needs. Set default_transaction_isolation for the pool.
	ErrIsolation = errors.New("pglog: the log needs the isolation level read committed")

	errClosed = errors.New("the log is closed")
	errLost   = errors.New("the connection to the database is lost")
)

// code returns the code of an error that PostgreSQL has answered, or nothing.
func code(err error) string {
	if e, is := errors.AsType[*pgconn.PgError](err); is {
		return e.Code
	}
	return ""
}

// ended reports whether an error says that the server has ended the connection.
func ended(err error) bool {
	switch code(err) {
	case "57P01", "57P02", "57P03", "57P05", "25P03":
		return true
	}
	return false
}

// refused reports whether an error says for certain that a statement has changed nothing.
func refused(err error) bool {
	if e, is := errors.AsType[*pgconn.PgError](err); is {
		// A session that ends may have committed: it may have waited for a replica.
		return e.SeverityUnlocalized == "ERROR" && !strings.HasPrefix(e.Code, "57")
	}
	if _, is := errors.AsType[*pgconn.ConnectError](err); is {
		return true
	}
	return pgconn.SafeToRetry(err)
}

// transient reports whether an error says only that the database could not do it now.
func transient(err error) bool {
	if c := code(err); c != "" {
		switch c {
		case codeReadOnly, codeDeadlock, codeSerialization, codeOtherHistory, codeLockTimeout, "25P03":
			return true
		}
		switch c[:2] {
		case "08", "53", "57", "58", "XX":
			return true
		}
		return false
	}
	if _, is := errors.AsType[*pgconn.ConnectError](err); is {
		return true
	}
	if _, is := errors.AsType[net.Error](err); is {
		return true
	}
	for _, e := range []error{context.DeadlineExceeded, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, pgx.ErrTxClosed, errClosed, errLost} {
		if errors.Is(err, e) {
			return true
		}
	}
	return pgconn.SafeToRetry(err) || strings.Contains(err.Error(), "conn closed")
}

// kind returns the error of this package that says what is wrong with the database, or nil.
func kind(err error) error {
	switch code(err) {
	case codeReadOnly:
		return ErrReadOnly
	case codeDiskFull:
		return ErrFull
	case codeIsolation:
		return ErrIsolation
	case "57014", codeLockTimeout: // cancelled by a timeout of the server
		return ErrSlow
	}
	if errors.Is(err, context.DeadlineExceeded) || pgconn.Timeout(err) {
		return ErrSlow
	}
	return nil
}

// describe wraps an error with the one of this package that says what is wrong.
func describe(err error) error {
	if mine, is := errors.AsType[*SchemaError](err); is {
		return mine
	}
	if k := kind(err); k != nil {
		return fmt.Errorf("%w: %w", k, err)
	}
	return fmt.Errorf("pglog: %w", err)
}

// unavailable returns the error of a call that has changed nothing because of what is wrong with the
// database.
func unavailable(why error) error {
	return fmt.Errorf("%w: %w", eventlog.ErrUnavailable, describe(why))
}

// unknown returns the error of a call that may have been made, or not.
func unknown(why error) error {
	return fmt.Errorf("%w: %w", eventlog.ErrOutcomeUnknown, describe(why))
}

// publicError returns the error of an exported method that has failed by err: that of the
// context if it has ended, and otherwise one that says whether the log is there. It is nil for nil.
func publicError(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case transient(err):
		return unavailable(err)
	}
	return describe(err)
}
