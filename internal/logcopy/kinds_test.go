package logcopy_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/natslog"
	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/internal/logcopy"
	"github.com/mixstream/mixstream/internal/natscopy"
	"github.com/mixstream/mixstream/internal/natstest"
	"github.com/mixstream/mixstream/internal/pgcopy"
	"github.com/mixstream/mixstream/internal/pgtest"
)

// place is where a log can be, of one of three kinds.
type place interface {
	// open opens the log that is there. The caller closes it.
	open(t *testing.T) closableLog
	source(t *testing.T) logcopy.Source
	// target is for a log that retains so many entries of a stream, and so many bytes.
	target(t *testing.T, entries, bytes int64) logcopy.Target
}

type closableLog interface {
	eventlog.Log
	Close() error
}

// kinds makes places of each kind.
var kinds = map[string]func(t *testing.T) place{
	"file": func(t *testing.T) place {
		return natsPlace{natslog.Options{Dir: t.TempDir(), SyncInterval: time.Minute}}
	},
	"nats": func(t *testing.T) place {
		return natsPlace{natslog.Options{URL: natstest.Start(t, nil).ClientURL()}}
	},
	"postgres": func(t *testing.T) place { return newPgPlace(t) },
}

type natsPlace struct{ o natslog.Options }

func (p natsPlace) open(t *testing.T) closableLog {
	t.Helper()
	l, err := natslog.Open(t.Context(), p.o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// during opens a log until the end of the test, or until it is closed.
func (p natsPlace) during(t *testing.T) closableLog {
	t.Helper()
	l := p.open(t)
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func (p natsPlace) source(t *testing.T) logcopy.Source {
	t.Helper()
	l := p.during(t)
	s, err := natscopy.Source(l)
	if err != nil {
		t.Fatal(err)
	}
	return natsSource{s, l}
}

func (p natsPlace) target(t *testing.T, entries, bytes int64) logcopy.Target {
	t.Helper()
	p.o.Retention.Entries, p.o.Retention.Bytes = entries, bytes
	l := p.during(t)
	target, err := natscopy.Target(l)
	if err != nil {
		t.Fatal(err)
	}
	return natsTarget{target, l}
}

// natsSource closes its log after the copy, and natsTarget, too.
type natsSource struct {
	logcopy.Source
	log closableLog
}

func (s natsSource) Close() { _ = s.log.Close() }

type natsTarget struct {
	logcopy.Target
	log closableLog
}

func (t natsTarget) Finish(ctx context.Context, s []logcopy.Session, k []logcopy.Key) error {
	err := t.Target.Finish(ctx, s, k)
	if err == nil {
		err = t.log.Close()
	}
	return err
}

func (t natsTarget) Abort() {
	t.Target.Abort()
	_ = t.log.Close()
}

type pgPlace struct {
	pool   *pgxpool.Pool
	schema string
}

// newPgPlace makes a schema.
func newPgPlace(t *testing.T) pgPlace {
	t.Helper()
	return pgPlaceOn(t, pgtest.Shared(t))
}

func pgPlaceOn(t *testing.T, s *pgtest.Server) pgPlace {
	t.Helper()
	p := pgPlace{pgtest.Pool(t, s.URL("postgres")), pgtest.Name()}
	t.Cleanup(func() { _, _ = p.pool.Exec(context.Background(), "drop schema if exists "+p.schema+" cascade") })
	if err := pglog.Migrate(t.Context(), p.pool, pglog.Options{Schema: p.schema}); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p pgPlace) open(t *testing.T) closableLog {
	t.Helper()
	l, err := pglog.Open(t.Context(), p.pool, pglog.Options{Schema: p.schema})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (p pgPlace) source(t *testing.T) logcopy.Source {
	t.Helper()
	s, err := pgcopy.Source(pgcopy.Log{Pool: p.pool, Schema: p.schema})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (p pgPlace) target(t *testing.T, entries, bytes int64) logcopy.Target {
	t.Helper()
	target, err := pgcopy.Target(pgcopy.Log{Pool: p.pool, Schema: p.schema, Entries: entries, Bytes: bytes})
	if err != nil {
		t.Fatal(err)
	}
	return target
}

// expireKeys makes the keys expire soon.
func (p pgPlace) expireKeys(t *testing.T) {
	t.Helper()
	p.exec(t, "update "+p.schema+".key set used = $1", time.Now().Add(500*time.Millisecond-eventlog.KeyLife).UnixMicro())
}

func (p pgPlace) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	if _, err := p.pool.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}
