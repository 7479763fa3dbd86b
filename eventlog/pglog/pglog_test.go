package pglog_test

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/logtest"
	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/internal/pgtest"
)

func options(o logtest.Options) pglog.Options {
	return pglog.Options{Retention: pglog.Retention{Entries: int64(o.Entries)}, PollInterval: 100 * time.Millisecond}
}

func TestLog(t *testing.T) {
	if !slow() {
		t.Skip("the same suite as TestTwoReplicas; MIXSTREAM_SLOW=1 runs it")
	}
	t.Parallel()
	logtest.Run(t, func(t *testing.T, o logtest.Options) eventlog.Log {
		l, _ := newLog(t, options(o))
		return l
	})
}

// pair is two logs on one database, of which each call takes the other one.
type pair struct {
	logs [2]*pglog.Log
	n    atomic.Int64
}

func (p *pair) next() *pglog.Log { return p.logs[p.n.Add(1)%2] }

func (p *pair) Create(ctx context.Context, s eventlog.Session, e *eventlog.Entry) error {
	return p.next().Create(ctx, s, e)
}

func (p *pair) Append(ctx context.Context, s eventlog.Session, key *eventlog.Key, entries []eventlog.Entry) error {
	return p.next().Append(ctx, s, key, entries)
}

func (p *pair) Delete(ctx context.Context, session string, e *eventlog.Entry, grace time.Duration) error {
	return p.next().Delete(ctx, session, e, grace)
}

func (p *pair) Lookup(ctx context.Context, session string) (eventlog.Record, error) {
	return p.next().Lookup(ctx, session)
}

func (p *pair) Follow(ctx context.Context, s eventlog.Session, wake func()) (eventlog.Reader, error) {
	return p.next().Follow(ctx, s, wake)
}

// openPair opens two logs of one schema on the shared server.
func openPair(t *testing.T, o pglog.Options) *pair {
	t.Helper()
	url := pgtest.Shared(t).URL("postgres")
	pool := pgtest.Pool(t, url)
	o = migrated(t, pool, o)
	return &pair{logs: [2]*pglog.Log{mustOpen(t, pool, o), mustOpen(t, pgtest.Pool(t, url), o)}}
}

// Two replicas on one database do what one log does.
func TestTwoReplicas(t *testing.T) {
	t.Parallel()
	logtest.Run(t, func(t *testing.T, o logtest.Options) eventlog.Log { return openPair(t, options(o)) })
}

// Notifications are only hints.
func TestLostNotifications(t *testing.T) {
	if !slow() {
		t.Skip("the same suite as TestTwoReplicas; MIXSTREAM_SLOW=1 runs it")
	}
	t.Parallel()
	logtest.Run(t, func(t *testing.T, o logtest.Options) eventlog.Log {
		return openPair(t, options(o).DropNotifications(func() bool { return rand.IntN(3) > 0 }))
	})
}
