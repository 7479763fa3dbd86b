package pglog

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mixstream/mixstream/eventlog"
)

// Check reports whether Open could open the log and append to it, as far as the database tells. It
// changes nothing. It fails with a *SchemaError if Migrate has to be called, with ErrReadOnly or
// ErrIsolation, or with an error that names a privilege which the user lacks, or that
// Options.Listen leads elsewhere. If the database does not answer, it fails with
// eventlog.ErrUnavailable.
func Check(ctx context.Context, pool *pgxpool.Pool, o Options) error {
	o, err := o.withDefaults()
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, o.RequestTimeout)
	defer cancel()
	s := schema{o.Schema}
	if err := s.check(limited, pool); err != nil {
		return publicError(ctx, err)
	}
	var readOnly bool
	var isolation string
	var lacks, table *string
	err = pool.QueryRow(limited, `select pg_is_in_recovery() or current_setting('transaction_read_only') = 'on',
			current_setting('transaction_isolation'), l.privilege, l.relname::text
		from (values (1)) one left join lateral (
			select p.privilege, c.relname from pg_class c, unnest(array['select', 'insert', 'update', 'delete']) p (privilege)
			where c.relnamespace = (select oid from pg_namespace where nspname = $1) and c.relkind = 'r'
				and not has_table_privilege(c.oid, p.privilege)
			limit 1) l on true`, s.name).Scan(&readOnly, &isolation, &lacks, &table)
	switch {
	case err != nil:
		return publicError(ctx, err)
	case readOnly:
		return fmt.Errorf("%w: %w", eventlog.ErrUnavailable, ErrReadOnly)
	case isolation != "read committed":
		return ErrIsolation
	case lacks != nil:
		return fmt.Errorf("pglog: the user lacks the privilege to %s on table %s of schema %s", *lacks, *table, s.name)
	case o.Listen != nil:
		return publicError(ctx, s.checkListen(limited, pool, o.Listen))
	}
	return nil
}

// checkListen checks where the log would listen.
func (s schema) checkListen(ctx context.Context, pool *pgxpool.Pool, listen *pgx.ConnConfig) error {
	conn, err := pgx.ConnectConfig(ctx, listen.Copy())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }() // it was only asked
	return s.same(ctx, pool, conn)
}
