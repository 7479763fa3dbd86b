package pglog

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/excerpt"
)

// schemaVersion is the version of the tables and functions that this package needs.
const schemaVersion = 1

// definitions are the files of sql, in the order in which they are run.
var definitions = []string{"tables", "epoch", "tail", "read", "append", "outbox", "call", "retain", "expire", "idle"}

//go:embed sql/*.sql
var files embed.FS

// outboxStep is how many rows of the outbox one transaction moves at most, so that appends wait
// no longer than that takes.
const outboxStep = 2000

// schema is the schema of a log.
type schema struct{ name string }

// quoted returns the name as SQL takes it.
func (s schema) quoted() string { return pgx.Identifier{s.name}.Sanitize() }

// lock returns the number of the advisory lock of the log.
func (s schema) lock() int64 {
	sum := sha256.Sum256([]byte("mixstream " + s.name))
	return int64(binary.BigEndian.Uint64(sum[:]) >> 2)
}

// fill sets what the text of a file leaves open.
func (s schema) fill(sql string) string {
	return strings.NewReplacer(
		"@schema@", s.quoted(),
		"@channel@", "'"+s.name+"'",
		"@lock@", strconv.FormatInt(s.lock(), 10),
		"@entrysize@", strconv.Itoa(entrySize),
		"@step@", strconv.Itoa(outboxStep),
		"@keylife@", strconv.FormatInt(eventlog.KeyLife.Microseconds(), 10),
		"@calllife@", strconv.FormatInt(callLife.Microseconds(), 10),
	).Replace(sql)
}

// SchemaError says that the schema is not one that this version of the package can use.
type SchemaError struct {
	Schema string
	Have   int // the version of what is there; 0: nothing is
	Want   int // the version that the package needs
}

func (e *SchemaError) Error() string {
	switch {
	case e.Have == 0:
		return fmt.Sprintf("pglog: the database has no schema %s of a log: call Migrate", e.Schema)
	case e.Have < e.Want:
		return fmt.Sprintf("pglog: schema %s has version %d, and version %d is needed: call Migrate", e.Schema, e.Have, e.Want)
	}
	return fmt.Sprintf("pglog: schema %s has version %d, which is later than %d: use a later version of this program", e.Schema, e.Have, e.Want)
}

// Migrate makes the schema of a log, or changes one of an earlier version, in one transaction.
// It does nothing if the schema is as it must be, so every process may call it before Open. It
// needs a user who may create schemas in the database, unless the schema exists and the user may
// create tables in it. It fails if anything else is in the schema. Only ctx limits its time, and no
// timeout of the database does.
//
// The user of Open needs usage of the schema, select, insert, update and delete on its tables, and
// execute on its functions, which everybody has unless it was revoked. The log vacuums its tables
// only for their owner.
func Migrate(ctx context.Context, pool *pgxpool.Pool, o Options) error {
	o, err := o.withDefaults()
	if err != nil {
		return err
	}
	s := schema{o.Schema}
	// What another process commits meanwhile must be visible, whatever the default is.
	err = pgx.BeginTxFunc(ctx, pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) error { return s.migrate(ctx, tx) })
	return publicError(ctx, err)
}

func (s schema) migrate(ctx context.Context, tx pgx.Tx) error {
	if err := withoutTimeouts(ctx, tx); err != nil {
		return err
	}
	// Two processes may start at the same time.
	if _, err := tx.Exec(ctx, "select pg_advisory_xact_lock($1)", s.lock()); err != nil {
		return err
	}
	have, err := s.version(ctx, tx)
	if err != nil || have == schemaVersion {
		return err
	}
	if have > schemaVersion {
		return &SchemaError{s.name, have, schemaVersion}
	}
	var exists bool
	if err := tx.QueryRow(ctx, "select exists (select from pg_namespace where nspname = $1)", s.name).Scan(&exists); err != nil {
		return err
	}
	if !exists {
		if _, err := tx.Exec(ctx, "create schema "+s.quoted()); err != nil {
			return err
		}
	}
	var other *string
	if err := tx.QueryRow(ctx, `select min(name) from pg_namespace n, lateral (
		select relname::text as name from pg_class where relnamespace = n.oid union all select proname from pg_proc where pronamespace = n.oid) o
		where nspname = $1`, s.name).Scan(&other); err != nil {
		return err
	}
	if other != nil {
		return fmt.Errorf("schema %s is not empty, it has %s: a log needs one of its own", s.name, excerpt.Quote(*other))
	}
	if _, err := tx.Exec(ctx, "set local search_path = "+s.quoted()+", pg_catalog, pg_temp"); err != nil {
		return err
	}
	for _, name := range definitions {
		text, err := files.ReadFile("sql/" + name + ".sql")
		if err != nil {
			return err
		}
		// Without arguments, so that it may be many statements.
		if _, err := tx.Conn().PgConn().Exec(ctx, s.fill(string(text))).ReadAll(); err != nil {
			return fmt.Errorf("%s.sql: %w", name, err)
		}
	}
	_, err = tx.Conn().PgConn().Exec(ctx, fmt.Sprintf(
		`select "continue"(); insert into trimmed select first from epoch; insert into version values (%d)`, schemaVersion)).ReadAll()
	return err
}

// withoutTimeouts removes the limits of a transaction's time that a role may have for short ones.
func withoutTimeouts(ctx context.Context, tx pgx.Tx) error {
	// transaction_timeout is of PostgreSQL 17.
	_, err := tx.Exec(ctx, `select set_config(name, '0', true) from pg_settings
		where name in ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')`)
	return err
}

// querier is what a connection, a pool and a transaction have in common.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// version returns the version of the schema, or 0 if there is none.
func (s schema) version(ctx context.Context, q querier) (version int, err error) {
	var exists bool
	// A table of the application may have this name. The catalogs are asked themselves: to_regclass
	// may answer from a cache what was true before another process migrated.
	err = q.QueryRow(ctx, `select count(*) = 2 from pg_class c join pg_attribute a on a.attrelid = c.oid
		where c.relnamespace = (select oid from pg_namespace where nspname = $1) and c.relname in ('version', 'epoch')
			and a.attname = 'n' and a.atttypid = 'int4'::regtype`, s.name).Scan(&exists)
	if err != nil || !exists {
		return 0, err
	}
	err = q.QueryRow(ctx, "select n from "+s.quoted()+".version").Scan(&version)
	return version, err
}

// check returns a *SchemaError if the schema is not of the version that is needed.
func (s schema) check(ctx context.Context, q querier) error {
	have, err := s.version(ctx, q)
	if err == nil && have != schemaVersion {
		err = &SchemaError{s.name, have, schemaVersion}
	}
	return err
}

// explain returns a *SchemaError if an error came because the schema is missing or of another
// version, and otherwise the error.
func (s *store) explain(ctx context.Context, err error) error {
	if !missing(err) {
		return err
	}
	why := s.look(ctx, func(ctx context.Context, conn *pgx.Conn) error { return s.schema.check(ctx, conn) })
	if mine, is := errors.AsType[*SchemaError](why); is {
		return mine
	}
	return err
}

// public is publicError for a call of the functions of the schema.
func (s *store) public(ctx context.Context, err error) error {
	return publicError(ctx, s.explain(ctx, err))
}

// missing reports whether an error says that something of the schema is missing.
func missing(err error) bool {
	e, is := errors.AsType[*pgconn.PgError](err)
	return is && (e.Code == "3F000" || e.Code == "42P01" || e.Code == "42883")
}
