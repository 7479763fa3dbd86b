package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/internal/excerpt"
	"github.com/mixstream/mixstream/internal/redact"
)

// poolSize is how many connections a log in PostgreSQL has at most, besides the one that listens.
const poolSize = 8

// isPostgres reports whether a log is in a PostgreSQL database.
func isPostgres(log string) bool {
	return strings.HasPrefix(log, "postgres://") || strings.HasPrefix(log, "postgresql://")
}

// openPostgres opens a log in a PostgreSQL database.
func (f *logFlags) openPostgres(ctx context.Context, logger *slog.Logger) (log *pglog.Log, closeLog func() error, err error) {
	pool, o, err := f.pool(ctx)
	if err != nil {
		return nil, nil, err
	}
	o.Logger = logger
	l, err := pglog.Open(ctx, pool, o)
	if err != nil {
		closePool(pool)
		return nil, nil, f.errorf("%w", advise(err))
	}
	return l, func() error {
		defer closePool(pool)
		return l.Close()
	}, nil
}

// closeWithin is how long the connections of a pool may take to close.
const closeWithin = time.Second

// closePool closes a pool, after the last use of which the process ends. It does not wait for long
// for a database that does not answer, as a pool does.
func closePool(pool *pgxpool.Pool) {
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		pool.Close()
	}()
	select {
	case <-closed:
	case <-time.After(closeWithin):
	}
}

// pool returns connections to the database, none of which is open yet, and the options of the log
// there.
func (f *logFlags) pool(ctx context.Context) (*pgxpool.Pool, pglog.Options, error) {
	config, o, err := f.postgres()
	if err != nil {
		return nil, o, asUsage(err)
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, o, f.errorf("%w", err)
	}
	return pool, o, nil
}

// advise tells what to do about an error of a log in PostgreSQL.
func advise(err error) error {
	missing, is := errors.AsType[*pglog.SchemaError](err)
	switch e, refused := errors.AsType[*pgconn.PgError](err); {
	case is && missing.Have == 0:
		return fmt.Errorf("the database has no schema %q of a log: run mixstream migrate with the same --log and --log-schema first", missing.Schema)
	case is && missing.Have < missing.Want:
		return fmt.Errorf("schema %q has version %d, and this program needs %d: run mixstream migrate with the same --log and --log-schema first", missing.Schema, missing.Have, missing.Want)
	case is:
		return fmt.Errorf("schema %q has version %d, and this program knows %d at most: use a later version of it", missing.Schema, missing.Have, missing.Want)
	case refused && (e.Code == "42P05" || e.Code == "26000"): // prepared statements of somebody else
		return fmt.Errorf("%w: if --log is the address of a connection pooler, set --log-listen to that of the server", err)
	case refused && e.Code == "42501":
		return fmt.Errorf("%w: the user of mixstream migrate needs the right to create a schema; any other needs usage of the schema, and select, insert, update and delete on all of its tables", err)
	}
	return shortened(err)
}

// withoutTLS is what pgx says of an attempt with TLS that sslmode=prefer makes in vain.
const withoutTLS = "tls error: server refused TLS connection"

// shortened returns an error of pgx without the attempts that say the same as another, or only that
// a server without TLS was asked for it.
func shortened(err error) error {
	head, tries, many := strings.Cut(err.Error(), "\n")
	if !many {
		return err
	}
	var told []string
	for line := range strings.SplitSeq(tries, "\n") {
		line = strings.TrimPrefix(strings.TrimSpace(line), "hostname resolving error: ")
		if !slices.Contains(told, line) && !strings.HasSuffix(line, withoutTLS) {
			told = append(told, line)
		}
	}
	if len(told) == 0 {
		return err
	}
	return shortError{err, head + " " + strings.Join(told, "; ")}
}

// postgres returns the settings of a log in a PostgreSQL database, or an error if the flags are
// wrong.
func (f *logFlags) postgres() (*pgxpool.Config, pglog.Options, error) {
	o := pglog.Options{
		Schema:    cmp.Or(f.schema, "mixstream"),
		Retention: pglog.Retention{Entries: int64(f.entries), Bytes: f.bytes, Age: f.age, Idle: f.idle},
	}
	if f.existing {
		o.Retention = pglog.Retention{}
	}
	if f.existing || f.visiting {
		// What this process does not limit, the servers of the log do.
		r := &o.Retention
		r.Entries, r.Bytes, r.Age = cmp.Or(r.Entries, -1), cmp.Or(r.Bytes, -1), cmp.Or(r.Age, -1)
	}
	if f.creds != "" || f.ca != "" || f.stream != "" || f.prefix != "" || f.replicas != 0 || f.sync != 0 {
		return nil, o, f.errorf("--log-creds, --log-ca, --log-stream, --log-prefix, --log-replicas and --log-sync are for other logs; for PostgreSQL there are --log-schema and, in the address, sslrootcert")
	}
	if err := o.Check(); err != nil {
		return nil, o, f.errorf("%w", err)
	}
	config, err := parsePostgres(f.log, pgxpool.ParseConfig)
	if err != nil {
		return nil, o, f.errorf("%w", err)
	}
	if listen := f.listen; listen != "" {
		if o.Listen, err = listenConfig(listen, config.ConnConfig); err != nil {
			return nil, o, f.listenError(err)
		}
	}
	given, err := pgconn.ParseConfig(f.log) // which leaves the parameters of pgx and its pool
	if err != nil {
		return nil, o, f.errorf("%s", reason(f.log, err))
	}
	if given.RuntimeParams["pool_max_conns"] == "" {
		config.MaxConns = max(poolSize, config.MinConns)
	}
	if f.listen != "" && given.RuntimeParams["default_query_exec_mode"] == "" {
		config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe // as a pooler needs it
	}
	complete(config.ConnConfig)
	return config, o, nil
}

// listenError returns an error about the address that listens.
func (f *logFlags) listenError(err error) error {
	return fmt.Errorf("--log-listen %s: %w", excerpt.Quote(redact.URL(f.listen)), err)
}

// listenConfig returns where a log listens for notifications. The user, the password and the
// database are those of the log unless the address has others.
func listenConfig(address string, log *pgx.ConnConfig) (*pgx.ConnConfig, error) {
	if !isPostgres(address) {
		return nil, errors.New("must be postgres://HOST")
	}
	config, err := parsePostgres(address, pgx.ParseConfig)
	if err != nil {
		return nil, err
	}
	if u, err := url.Parse(address); err == nil {
		if q := u.Query(); u.User == nil && !q.Has("user") && !q.Has("password") {
			config.User, config.Password = log.User, log.Password
		}
		if q := u.Query(); strings.Trim(u.Path, "/") == "" && !q.Has("dbname") && !q.Has("database") {
			config.Database = log.Database
		}
	}
	complete(config)
	return config, nil
}

// complete sets what an address of a log leaves open.
func complete(c *pgx.ConnConfig) {
	if c.RuntimeParams["application_name"] == "" {
		c.RuntimeParams["application_name"] = "mixstream"
	}
	for _, other := range c.Fallbacks {
		if c.ValidateConnect == nil && (other.Host != c.Host || other.Port != c.Port) {
			c.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsPrimary
		}
	}
}

// parsePostgres parses an address of a PostgreSQL database. The error has no part of it that may be
// a secret.
func parsePostgres[T any](address string, parse func(string) (T, error)) (parsed T, err error) {
	_, rest, _ := strings.Cut(address, "://")
	if i := strings.IndexAny(rest, "@/"); i >= 0 && rest[i] == '@' {
		rest = rest[i+1:]
	}
	if strings.Contains(rest, "@") {
		// Otherwise a part of a password would be taken for a host, and be in messages.
		return parsed, errors.New("has an @ too many: write %40 for one in the user or the password, and %2F for a slash there, or set PGPASSWORD")
	}
	parsed, err = parse(address)
	if err == nil {
		return parsed, nil
	}
	return parsed, errors.New(reason(address, err))
}

// repeated matches what an error of pgx may repeat of an address.
var repeated = regexp.MustCompile(`(?s)[:(].*`)

// reason returns what is wrong with an address of a PostgreSQL database, without what pgx repeats
// of it: that may be a part of a password, such as one that has an &.
func reason(address string, err error) string {
	what, is := strings.CutPrefix(err.Error(), pgconn.NewParseConfigError(address, "", nil).Error())
	switch {
	case !is:
		return "not an address of a PostgreSQL database"
	case strings.HasPrefix(what, "failed to configure TLS"), strings.HasPrefix(what, "failed to read service"):
		return redact.Text(what)
	}
	what = strings.TrimSpace(repeated.ReplaceAllString(what, ""))
	if what == "failed to parse as URL" {
		what = "not a URL: write %25 for a % in the password, and %26 for an &, or set PGPASSWORD"
	}
	return what
}
