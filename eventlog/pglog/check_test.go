package pglog_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/internal/pgtest"
)

// Check finds what would keep a log from being opened or appended to.
func TestCheck(t *testing.T) {
	server := pgtest.Shared(t)
	owner := pgtest.Pool(t, server.URL("postgres"))
	o := migrated(t, owner, pglog.Options{})
	user := pgtest.Name()
	for _, sql := range []string{"create role " + user + " login", "grant usage on schema " + o.Schema + " to " + user,
		"grant select, insert, update, delete on all tables in schema " + o.Schema + " to " + user} {
		if _, err := owner.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	check := func(settings string, o pglog.Options) error {
		return pglog.Check(t.Context(), pgtest.Pool(t, strings.Replace(server.URL("postgres"), "postgres@", user+"@", 1)+settings), o)
	}
	if err := check("", o); err != nil {
		t.Errorf("a user with the privileges: %v", err)
	}
	log := mustOpen(t, pgtest.Pool(t, strings.Replace(server.URL("postgres"), "postgres@", user+"@", 1)), o)
	if err := log.Create(t.Context(), eventlog.Session{ID: "s"}, &eventlog.Entry{Name: "n", Data: []byte("{}")}); err != nil {
		t.Errorf("a user with the privileges: %v", err)
	}
	if missing, is := errors.AsType[*pglog.SchemaError](check("", pglog.Options{Schema: "none"})); !is || missing.Have != 0 {
		t.Errorf("no schema: %v", missing)
	}
	if err := check("&default_transaction_read_only=on", o); !errors.Is(err, pglog.ErrReadOnly) || !errors.Is(err, eventlog.ErrUnavailable) {
		t.Errorf("a database that is read-only: %v", err)
	}
	if err := check("&default_transaction_isolation=serializable", o); !errors.Is(err, pglog.ErrIsolation) {
		t.Errorf("another isolation: %v", err)
	}
	if _, err := owner.Exec(t.Context(), fmt.Sprintf("revoke update on %s.session from %s", o.Schema, user)); err != nil {
		t.Fatal(err)
	}
	if err := check("", o); err == nil || !strings.Contains(err.Error(), "privilege to update on table session of schema "+o.Schema) {
		t.Errorf("without a privilege: %v", err)
	}
}
