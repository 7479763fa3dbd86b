package logtest

import (
	"github.com/mixstream/mixstream/eventlog"
)

func (f *fixture) wantRecord(want eventlog.Record) {
	f.Helper()
	if got := f.lookup(want.ID); got != want {
		f.Errorf("Lookup: %+v, want %+v", got, want)
	}
}

func (f *fixture) wantNoRecord(session string) {
	f.Helper()
	_, err := f.log.Lookup(f.ctx, session)
	f.want("Lookup", err, eventlog.ErrSessionNotFound)
}

func create(f *fixture) {
	r := f.follow(own("a"))
	_, end := r.bounds()
	f.wantNoRecord("a")
	created := f.create(own("a"))
	f.wantRecord(eventlog.Record{Session: own("a")})
	e := f.entry("session_created")
	f.want("Create", f.log.Create(f.ctx, own("a"), &e), eventlog.ErrSessionExists)
	r.expect(end, created, f.append(own("a"), 1)[0])
}

func appendMakesRecord(f *fixture) {
	s := eventlog.Session{ID: "a", Scope: "x"}
	r := f.follow(s)
	_, end := r.bounds()
	first := f.append(s, 1)[0]
	f.wantRecord(eventlog.Record{Session: s})
	e := f.entry("session_created")
	f.want("Create", f.log.Create(f.ctx, s, &e), eventlog.ErrSessionExists)
	r.expect(end, first, f.delete("a", patience))
}

func scopeIsKept(f *fixture) {
	x, y := eventlog.Session{ID: "a", Scope: "x"}, eventlog.Session{ID: "a", Scope: "y"}
	inX := f.follow(eventlog.Session{ID: "b", Scope: "x"})
	inY := f.follow(eventlog.Session{ID: "d", Scope: "y"})
	_, end := inX.bounds()

	f.follow(y) // it leaves nothing behind, not even while the reader is open
	created := f.create(x)
	f.append(y, 1)
	f.wantRecord(eventlog.Record{Session: x})
	late := f.follow(y)
	other := f.create(eventlog.Session{ID: "c", Scope: "y"})
	deleted := f.delete("a", patience)
	f.wantRecord(eventlog.Record{Session: x, Deleted: deleted.ID})

	inX.expect(end, created, deleted)
	inY.expect(end, other)
	late.expect(other.ID, deleted)
}

func deleteSession(f *fixture) {
	s := eventlog.Session{ID: "a", Scope: "x"}
	e := f.entry("session_deleted")
	f.want("Delete of an unknown session", f.log.Delete(f.ctx, "a", &e, patience), eventlog.ErrSessionNotFound)
	f.wantNoRecord("a")

	r := f.follow(s)
	_, end := r.bounds()
	f.want("Delete of a followed session", f.log.Delete(f.ctx, "a", &e, patience), eventlog.ErrSessionNotFound)
	created, entries := f.create(s), f.append(s, 2)
	deleted := f.delete("a", patience)
	f.wantRecord(eventlog.Record{Session: s, Deleted: deleted.ID})
	f.want("Append", f.log.Append(f.ctx, s, nil, f.entries(1)), eventlog.ErrSessionDeleted)
	f.want("Append with a key", f.log.Append(f.ctx, s, &eventlog.Key{Name: "k"}, f.entries(1)), eventlog.ErrSessionDeleted)
	f.want("Create", f.log.Create(f.ctx, s, &e), eventlog.ErrSessionDeleted)
	f.want("Delete", f.log.Delete(f.ctx, "a", &e, patience), eventlog.ErrSessionDeleted)

	// The session stays readable, and its scope goes on.
	other := f.create(eventlog.Session{ID: "b", Scope: "x"})
	all := []eventlog.Entry{created, entries[0], entries[1], deleted, other}
	r.expect(end, all...)
	f.follow(s).expect(end, all...)
	f.follow(s).expect(entries[0].ID, all[2:]...)
	f.follow(s).expect(deleted.ID, other)
}

func forgottenSession(f *fixture) {
	open := f.follow(own("a"))
	created, entries := f.create(own("a")), f.append(own("a"), 3)
	deleted := f.forget("a")
	e := f.entry("session_deleted")
	f.want("Delete", f.log.Delete(f.ctx, "a", &e, patience), eventlog.ErrSessionNotFound)

	again := []eventlog.Entry{f.create(own("a")), f.append(own("a"), 1)[0]}
	f.wantRecord(eventlog.Record{Session: own("a")})
	for _, r := range []*follower{open, f.follow(own("a"))} {
		r.expectGap(created.ID)
		r.expectGap(entries[0].ID)
		r.expectGap(entries[1].ID)
		floor, _ := r.bounds()
		r.expectGap(floor - 1)
		r.expect(max(floor, deleted.ID), again...)
	}
}

func forgottenSessionInScope(f *fixture) {
	x := eventlog.Session{ID: "a", Scope: "x"}
	keeper := f.follow(eventlog.Session{ID: "b", Scope: "x"})
	_, end := keeper.bounds()
	created := f.create(x)
	entries := f.append(x, 2)
	deleted := f.forget("a")
	keeper.expect(end, created, deleted) // the scope keeps what it had

	last := f.create(x)
	r := f.follow(x)
	r.expectGap(created.ID)
	r.expectGap(entries[0].ID)
	r.expect(deleted.ID, last)

	// In another scope the deletion cannot be read any more.
	for _, s := range []eventlog.Session{{ID: "a", Scope: "y"}, own("a")} {
		deleted = f.forget("a")
		again := f.create(s)
		r := f.follow(s)
		r.expectGap(last.ID)
		r.expect(deleted.ID, again)
		last = again
	}
}
