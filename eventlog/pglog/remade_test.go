package pglog_test

import (
	"errors"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/internal/pgtest"
)

// The schema is dropped and made again under an open log, and a table is renamed and named back.
func TestSchemaMadeAgain(t *testing.T) {
	pool := pgtest.Pool(t, pgtest.Shared(t).URL("postgres"))
	o := migrated(t, pool, pglog.Options{})
	m := tester{t, mustOpen(t, pool, o)}
	r := m.follow(own("a"))
	last := m.append(own("a"), "1", "2")
	log := m.log.(*pglog.Log)
	o.PollInterval = time.Hour // so that it learns of the end of the schema from nothing else
	unaware := tester{t, mustOpen(t, pool, o)}.follow(own("a"))
	from, _ := unaware.bounds()

	execute(t, pool, "alter table "+o.Schema+".log rename to old")
	err := log.Append(t.Context(), own("a"), nil, texts("never"))
	var wrong *pglog.SchemaError
	if err == nil || errors.As(err, &wrong) {
		t.Errorf("Append without the table: %v", err)
	}
	execute(t, pool, "alter table "+o.Schema+".old rename to log")
	m.append(own("a"), "3")

	execute(t, pool, "drop schema "+o.Schema+" cascade")
	want := pglog.SchemaError{Schema: o.Schema, Have: 0, Want: 1}
	wantSchemaError(t, log.Append(t.Context(), own("a"), nil, texts("never")), want)
	_, err = log.Lookup(t.Context(), "a")
	wantSchemaError(t, err, want)
	_, _, err = unaware.Bounds(t.Context())
	wantSchemaError(t, err, want)
	_, err = unaware.Read(t.Context(), from-1, 1)
	wantSchemaError(t, err, want)
	wantSchemaError(t, log.Delete(t.Context(), "a", &texts("never")[0], 0), want)
	if err := pglog.Migrate(t.Context(), pool, o); err != nil {
		t.Fatal(err)
	}
	first := m.append(own("a"), "4")
	if first <= last {
		t.Errorf("id %d after %d", first, last)
	}
	until(t, "the reader is told the gap", func() bool {
		_, err := r.Read(t.Context(), last, 100)
		return errors.Is(err, eventlog.ErrGap)
	})
	floor, _ := r.bounds()
	r.expect(floor, "4")
}
