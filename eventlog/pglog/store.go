package pglog

import (
	"context"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
)

// store is the database of a log, and what the parts of the log know of it.
type store struct {
	options Options
	schema  schema
	pool    *pgxpool.Pool
	text    statements
	life    *lifetime
	state   availability
	drained atomic.Pointer[drained]

	looking  slots // for calls that only read
	removing slots // for calls that wait for transactions of the application

	knownIdentity atomic.Pointer[pgtype.UUID] // of the log
}

func newStore(ctx context.Context, pool *pgxpool.Pool, o Options) *store {
	n := pool.Config().MaxConns
	s := &store{options: o, schema: schema{o.Schema}, pool: pool, life: newLifetime(ctx), looking: newSlots(n - 1), removing: newSlots(n / 4)}
	s.text = s.schema.statements()
	return s
}

// drained says up to which transactions the outbox is known to be empty.
type drained struct {
	epoch    int32
	snapshot string
}

// known returns the arguments that tell a function of the schema what is drained.
func (s *store) known() (epoch *int32, snapshot *string) {
	if d := s.drained.Load(); d != nil {
		return &d.epoch, &d.snapshot
	}
	return nil, nil
}

// statements are the calls of the functions of the schema.
type statements struct {
	append, plain, remove, outcome, recall, read, lookup, tail, publish, waiting, settled, identity, trim, retain, expire, keep, idle, next string
}

func (s schema) statements() statements {
	q := s.quoted()
	return statements{
		append: "select base, verdicts, now_epoch, now_drained::text, moved, backlog from " + q +
			".append($1, $2, $3::text::pg_snapshot, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
		plain:    "select base, now_epoch, now_drained::text from " + q + ".append_plain($1, $2, $3::text::pg_snapshot, $4, $5, $6, $7)",
		remove:   "select base, verdicts, stream from " + q + ".remove($1, $2, $3::text::pg_snapshot, $4, $5, $6, $7)",
		outcome:  "select base, verdicts from " + q + ".outcome($1)",
		recall:   "select count, first, last, piece, digest, closed from " + q + ".recall($1, $2)",
		read:     "select * from " + q + ".read($1, $2, $3, $4, $5)",
		lookup:   "select scope, deleted, tail from " + q + ".lookup($1)",
		tail:     "select * from " + q + ".tail($1, $2, $3, $4, $5, $6::text::pg_snapshot)",
		publish:  "select verdict, first_n, last_n, xid::text, tail, stream::text from " + q + ".publish($1, $2, $3, $4, $5, $6, $7, $8)",
		waiting:  "select " + q + ".waiting($1, $2::text::pg_snapshot, $3)",
		settled:  "select ids, ended, lost, trimmed from " + q + ".settled($1, $2, $3, $4, $5, $6::text::xid8)",
		identity: "select log from " + q + ".version",
		trim:     "select " + q + ".trim_streams($1, $2, $3, $4)",
		retain:   "select more, grown, dead, live from " + q + ".retain($1, $2, $3, $4), " + q + ".unused($5)",
		expire:   "select keys_to, calls_to, more from " + q + ".expire($1, $2, $3)",
		keep:     "select " + q + ".keep($1, $2)",
		idle:     "select " + q + ".forget_idle($1)",
		next:     "select " + q + `."continue"()`,
	}
}

// use calls f with a connection of the pool. A connection to a server that turns out to be a
// replica is not used again, so that the pool connects to the one that has taken over.
func (s *store) use(ctx context.Context, f func(*pgx.Conn) error) error {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return notSentError{err}
	}
	defer conn.Release()
	err = f(conn.Conn())
	if c := code(err); c == codeNoStatement || c == codeNotSupported {
		// The connection was reset, or a table was changed: pgx prepares the statement anew.
		err = f(conn.Conn())
	}
	if code(err) == codeReadOnly || ended(err) {
		_ = conn.Conn().Close(ctx) // it is given up in any case
	}
	return err
}

// look calls f, which only reads, and again if the connection turned out to be broken, or the
// database to have another history.
func (s *store) look(ctx context.Context, f func(ctx context.Context, conn *pgx.Conn) error) error {
	for try := 1; ; try++ {
		limited, cancel := s.life.within(ctx, s.options.RequestTimeout)
		err := s.looking.take(limited)
		if err == nil {
			err = s.use(limited, func(conn *pgx.Conn) error { return f(limited, conn) })
			s.looking.free()
		}
		if err != nil && limited.Err() == nil && try < 3 {
			switch {
			case code(err) == codeOtherHistory:
				if err = s.continueEpoch(limited); err == nil {
					cancel()
					continue
				}
			case (code(err) == "" || ended(err)) && transient(err):
				cancel()
				continue
			}
		}
		cancel()
		if err != nil && s.life.over() {
			return errClosed
		}
		return err
	}
}

// continueEpoch begins another epoch if the database has another history.
func (s *store) continueEpoch(ctx context.Context) error {
	return s.use(ctx, func(conn *pgx.Conn) error { return s.beginEpoch(ctx, conn) })
}

// beginEpoch is continueEpoch with a connection.
func (s *store) beginEpoch(ctx context.Context, conn *pgx.Conn) error {
	var begun bool
	err := conn.QueryRow(ctx, s.text.next).Scan(&begun)
	if begun {
		s.options.Logger.Warn("pglog: the database has another history: readers that were ahead of it are told a gap")
	}
	return err
}

// notSentError is an error that came before anything was sent.
type notSentError struct{ error }

func (e notSentError) Unwrap() error { return e.error }

// SafeToRetry tells pgconn.SafeToRetry that it is.
func (e notSentError) SafeToRetry() bool { return true }
