package pglog

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/mixstream/mixstream/eventlog"
)

// compare finds out what has become of a request whose key did not stand for what it said. It
// reports whether to try again: the key may have been forgotten meanwhile.
func (l *Log) compare(ctx context.Context, r *request, key *eventlog.Key, entries []eventlog.Entry) (again bool, err error) {
	has, err := l.recall(ctx, r)
	if err != nil {
		return false, l.public(ctx, err)
	}
	repeated, err := key.Compare(has, entries)
	return !repeated && err == nil, err
}

// recall returns what the log has under the key of a request.
func (l *Log) recall(ctx context.Context, r *request) (has eventlog.Appended, err error) {
	err = l.look(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		var digest []byte
		has = eventlog.Appended{}
		err := conn.QueryRow(ctx, l.text.recall, r.session, r.key).Scan(&has.Count, &has.First, &has.Last, &has.Piece, &digest, &has.Closed)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		copy(has.Digest[:], digest)
		return err
	})
	return has, err
}
