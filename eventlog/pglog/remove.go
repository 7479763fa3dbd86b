package pglog

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

// errBacklog says that entries that were published to a session are not in the log yet.
var errBacklog = errors.New("entries of the session are still in the outbox")

// remove makes a deletion a call of its own: it waits for a lock that transactions of the
// application hold, while other requests go on.
func (l *Log) remove(ctx context.Context, r *request) error {
	deadline := time.Now().Add(l.options.AppendTimeout)
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		token := newToken()
		epoch, snapshot := l.known()
		var a answer
		var in stream
		limited, cancel := l.life.within(ctx, time.Until(deadline))
		err := l.removing.take(limited)
		if err == nil {
			err = l.use(limited, func(conn *pgx.Conn) error {
				return conn.QueryRow(limited, l.text.remove, token, epoch, snapshot, r.session, r.grace.Microseconds(),
					[]byte(r.entries[0].Name), notNull(r.entries[0].Data)).Scan(&a.base, &a.verdicts, &in)
			})
			l.removing.free()
		}
		cancel()
		if err != nil && !refused(err) {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if a, err = l.findOut(token, err, deadline); errors.Is(err, errUnknown) {
				return unknown(err)
			}
		}
		switch {
		case err == nil && a.verdicts == nil:
			r.first = uint64(*a.base) + 1 //nolint:gosec // it is not negative
			l.watchers.announce(in, r.first)
			return nil
		case err == nil && a.verdicts[0] != verdictAgain:
			return r.refusal(a.verdicts[0])
		case err != nil && !transient(err) && !errors.Is(err, errRevoked):
			return l.public(ctx, err)
		case l.life.over():
			return unavailable(errClosed)
		case time.Now().After(deadline):
			return unavailable(cmp.Or(err, errBacklog))
		}
		if !sleep(ctx, pause) {
			return context.Cause(ctx)
		}
	}
}
