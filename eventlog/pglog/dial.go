package pglog

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
)

// errOtherListen says that Options.Listen does not lead to the database of the pool.
var errOtherListen = errors.New("Options.Listen leads to another database than the pool")

// dial makes a connection for the tail, not of the pool: to Options.Listen, or in the way in which the
// pool makes its own.
func (s *store) dial(ctx context.Context) (*pgx.Conn, error) {
	config, check := s.options.Listen, s.sameDatabase
	if config == nil {
		pool := s.pool.Config()
		config, check = pool.ConnConfig, pool.AfterConnect
		if pool.BeforeConnect != nil {
			// It may set a password that is valid for a while only.
			if err := pool.BeforeConnect(ctx, config); err != nil {
				return nil, err
			}
		}
	}
	conn, err := pgx.ConnectConfig(ctx, config.Copy())
	if err != nil || check == nil {
		return conn, err
	}
	if err := check(ctx, conn); err != nil {
		_ = conn.Close(ctx) // it is given up in any case
		return nil, err
	}
	return conn, nil
}

// sameDatabase returns an error if a connection is not to the database of the pool. It asks only
// until it knows: later the pool may be busy.
func (s *store) sameDatabase(ctx context.Context, conn *pgx.Conn) error {
	if s.listens {
		return nil
	}
	const identity = "select (select system_identifier from pg_control_system()), (select oid from pg_database where datname = current_database())"
	var system, poolSystem int64
	var database, poolDatabase uint32
	if err := conn.QueryRow(ctx, identity).Scan(&system, &database); err != nil {
		return err
	}
	err := s.use(ctx, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, identity).Scan(&poolSystem, &poolDatabase)
	})
	if err == nil && (system != poolSystem || database != poolDatabase) {
		return errOtherListen
	}
	s.listens = err == nil
	return err
}
