package pgstream

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/server"
)

// Pending is an event that a transaction has published. It is in the log some milliseconds after
// the commit, whichever process dies meanwhile. Its method is safe for concurrent use.
type Pending struct{ entries *pglog.Pending }

// ID waits until the event is in the log, and returns its id, as Publish of the server does. Call
// it after the commit, if the id is of interest: as long as the transaction goes on, ID waits until
// ctx ends. It fails with pglog.ErrRolledBack if the transaction was rolled back, with
// eventlog.ErrGap if the log may have deleted the event since, and with eventlog.ErrUnavailable
// while the database cannot be reached. None of these errors undoes a commit.
func (p *Pending) ID(ctx context.Context) (string, error) {
	ids, err := p.entries.IDs(ctx)
	if err != nil {
		return "", fmt.Errorf("pgstream: the id of a publication: %w", err)
	}
	return strconv.FormatUint(ids[0], 10), nil
}

// of returns p, or the error of the publication.
func (p *Pending) of(err error) (*Pending, error) {
	if err != nil {
		return nil, err
	}
	return p, nil
}

// in returns a function that writes to the log in a transaction, by the methods of the log for one of
// its type.
func in[T any](p *Pending, tx T,
	add func(context.Context, T, eventlog.Session, []eventlog.Entry) (*pglog.Pending, error),
	end func(context.Context, T, eventlog.Session, eventlog.Entry, time.Duration) (*pglog.Pending, error),
) server.WriteFunc {
	return func(ctx context.Context, w server.Write) (err error) {
		if w.End {
			p.entries, err = end(ctx, tx, w.Session, w.Entry, w.Grace)
		} else {
			p.entries, err = add(ctx, tx, w.Session, []eventlog.Entry{w.Entry})
		}
		return err
	}
}
