package pglog_test

import (
	"context"
	"errors"
	"testing"

	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/internal/pgtest"
)

// The caller of an append that it has cancelled may use its slice again, though the log is still
// trying.
func TestCancelledAppend(t *testing.T) {
	server := pgtest.Shared(t)
	admin := pgtest.Pool(t, server.URL("postgres"))
	o := migrated(t, admin, pglog.Options{})
	m := tester{t, mustOpen(t, pgtest.Pool(t, server.URL("postgres")+"&application_name="+o.Schema), o)}
	r := m.follow(own("a"))
	_, end := r.bounds()
	tx := begin(t, admin)
	if _, err := tx.Exec(t.Context(), "set local search_path = "+o.Schema+"; select lock()"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	entries, appended := texts("mine"), make(chan error)
	go func() { appended <- m.log.Append(ctx, own("a"), nil, entries) }()
	waiting := "from pg_stat_activity where application_name = '" + o.Schema + "' and wait_event = 'advisory'"
	until(t, "the append waits", func() (waits bool) {
		_ = admin.QueryRow(t.Context(), "select exists (select "+waiting+")").Scan(&waits)
		return waits
	})
	cancel(errRollback)
	if err := <-appended; !errors.Is(err, errRollback) {
		t.Errorf("Append: %v", err)
	}
	entries[0] = texts("another's")[0]
	execute(t, admin, "select pg_terminate_backend(pid) "+waiting) // so that the log must try again
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.expect(end, "mine")
}
