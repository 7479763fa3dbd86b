package pglog

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// errOtherListen says that Options.Listen does not lead to the database of the pool.
var errOtherListen = errors.New("Options.Listen leads to another database than the pool")

// dial makes a connection for the tail, not of the pool: to Options.Listen, or in the way in which
// the pool makes its own.
func (s *store) dial(ctx context.Context) (*pgx.Conn, error) {
	if listen := s.options.Listen; listen != nil {
		return pgx.ConnectConfig(ctx, listen.Copy())
	}
	pool := s.pool.Config() // a copy
	if pool.BeforeConnect != nil {
		// It may set a password that is valid for a while only.
		if err := pool.BeforeConnect(ctx, pool.ConnConfig); err != nil {
			return nil, err
		}
	}
	conn, err := pgx.ConnectConfig(ctx, pool.ConnConfig)
	if err != nil || pool.AfterConnect == nil {
		return conn, err
	}
	if err := pool.AfterConnect(ctx, conn); err != nil {
		_ = conn.Close(ctx) // it is given up in any case
		return nil, err
	}
	return conn, nil
}

// same returns errOtherListen unless a connection to Options.Listen leads to the log of the pool.
func (s schema) same(ctx context.Context, pool, listen querier) error {
	text := s.statements().identity
	var id, other pgtype.UUID
	if err := pool.QueryRow(ctx, text).Scan(&id); err != nil {
		return err
	}
	err := listen.QueryRow(ctx, text).Scan(&other)
	if missing(err) || err == nil && other != id {
		return errOtherListen
	}
	return err
}
