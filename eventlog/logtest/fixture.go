package logtest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
)

// patience is how long a test waits for what must happen.
const patience = 30 * time.Second

// fixture is a log under test.
type fixture struct {
	*testing.T
	ctx     context.Context
	log     eventlog.Log
	options Options
	count   atomic.Int64 // how many entries were made
}

func newFixture(t *testing.T, log eventlog.Log, o Options) *fixture {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return &fixture{T: t, ctx: ctx, log: log, options: o}
}

// own returns a session that is a scope of its own.
func own(id string) eventlog.Session { return eventlog.Session{ID: id} }

// entry returns an entry whose data is unique.
func (f *fixture) entry(name string) eventlog.Entry {
	return eventlog.Entry{Name: name, Data: fmt.Appendf(nil, `{"n":%d}`, f.count.Add(1))}
}

// entries returns n entries.
func (f *fixture) entries(n int) []eventlog.Entry {
	entries := make([]eventlog.Entry, n)
	for i := range entries {
		entries[i] = f.entry("content")
	}
	return entries
}

func (f *fixture) create(s eventlog.Session) eventlog.Entry {
	f.Helper()
	e := f.entry("session_created")
	if err := f.log.Create(f.ctx, s, &e); err != nil {
		f.Fatalf("Create(%+v): %v", s, err)
	}
	return e
}

func (f *fixture) append(s eventlog.Session, n int) []eventlog.Entry {
	f.Helper()
	entries := f.entries(n)
	if err := f.log.Append(f.ctx, s, nil, entries); err != nil {
		f.Fatalf("Append(%+v): %v", s, err)
	}
	return entries
}

func (f *fixture) delete(session string, grace time.Duration) eventlog.Entry {
	f.Helper()
	e := f.entry("session_deleted")
	if err := f.log.Delete(f.ctx, session, &e, grace); err != nil {
		f.Fatalf("Delete(%q): %v", session, err)
	}
	return e
}

// forget deletes the session and waits until the log has forgotten it.
func (f *fixture) forget(session string) eventlog.Entry {
	f.Helper()
	e := f.delete(session, time.Millisecond)
	f.until("the session is forgotten", func() bool {
		_, err := f.log.Lookup(f.ctx, session)
		return errors.Is(err, eventlog.ErrSessionNotFound)
	})
	return e
}

func (f *fixture) lookup(session string) eventlog.Record {
	f.Helper()
	r, err := f.log.Lookup(f.ctx, session)
	if err != nil {
		f.Fatalf("Lookup(%q): %v", session, err)
	}
	return r
}

// want checks that a call has returned the error that it must return.
func (f *fixture) want(call string, err, target error) {
	f.Helper()
	if !errors.Is(err, target) {
		f.Errorf("%s: error %v, want %v", call, err, target)
	}
}

// until waits until the condition holds. It is for what a log does by itself as time
// passes.
func (f *fixture) until(what string, holds func() bool) {
	f.Helper()
	again := time.NewTicker(2 * time.Millisecond)
	defer again.Stop()
	for !holds() {
		select {
		case <-again.C:
		case <-f.ctx.Done():
			f.Fatalf("gave up waiting until %s", what)
		}
	}
}
