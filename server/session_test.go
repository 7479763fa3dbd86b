package server_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/mixstream/mixstream/mix"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/server"
)

func create(t *testing.T, srv *mix.Server, session string) (id string) {
	t.Helper()
	id, err := srv.CreateSession(t.Context(), session, "Title of "+session)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func remove(t *testing.T, srv *mix.Server, session string) (id string) {
	t.Helper()
	id, err := srv.DeleteSession(t.Context(), session)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestCreateSession(t *testing.T) {
	srv := newServer(t)
	ts := serve(t, srv)
	id := create(t, srv, "s")
	r := open(t, ts, "s", before(t, id))
	r.next()
	e := r.next()
	data, ok := gen.StreamEvents.Decode(e.name, []byte(e.data)).(*gen.SessionCreatedData)
	if !ok || e.id != id || data.SessionID != "s" || data.Title != "Title of s" || data.CreatedAt == 0 || data.Type != "session_created" {
		t.Errorf("got %+v", e)
	}
	if _, err := srv.CreateSession(t.Context(), "s", ""); !errors.Is(err, eventlog.ErrSessionExists) {
		t.Errorf("again: %v", err)
	}
	publish(t, srv, "published", "")
	if _, err := srv.CreateSession(t.Context(), "published", ""); !errors.Is(err, eventlog.ErrSessionExists) {
		t.Errorf("after an event: %v", err)
	}
	if _, err := srv.CreateSession(t.Context(), "", ""); !errors.Is(err, server.ErrInvalidSessionID) {
		t.Errorf("empty id: %v", err)
	}
	if _, err := srv.CreateSession(t.Context(), "t", string(make([]byte, 2<<20))); !errors.Is(err, server.ErrEventTooLarge) {
		t.Errorf("large title: %v", err)
	}
}

func TestDeleteSessionRefusals(t *testing.T) {
	srv := newServer(t)
	if _, err := srv.DeleteSession(t.Context(), "unknown"); !errors.Is(err, eventlog.ErrSessionNotFound) {
		t.Errorf("unknown: %v", err)
	}
	create(t, srv, "s")
	remove(t, srv, "s")
	if _, err := srv.DeleteSession(t.Context(), "s"); !errors.Is(err, eventlog.ErrSessionDeleted) {
		t.Errorf("twice: %v", err)
	}
	if _, err := srv.Publish(t.Context(), "s", content("")); !errors.Is(err, eventlog.ErrSessionDeleted) {
		t.Errorf("publish: %v", err)
	}
	if _, err := srv.CreateSession(t.Context(), "s", ""); !errors.Is(err, eventlog.ErrSessionDeleted) {
		t.Errorf("create: %v", err)
	}
}

func TestDeletedSession(t *testing.T) {
	srv := newServer(t)
	ts := serve(t, srv)
	ids := publishN(t, srv, "s", 3)
	live := open(t, ts, "s")
	live.next()
	end := remove(t, srv, "s")
	live.want("session_deleted", end)
	live.wantEnd()

	// A reader that was away gets the rest.
	r := open(t, ts, "s", ids[0])
	r.want("connected", ids[0], "content", ids[1], "content", ids[2], "session_deleted", end)
	r.wantEnd()
	r = open(t, ts, "s", "nonsense")
	r.want("connected", "1")
	r.wantGap(before(t, ids[0]))
	r.wantContents(ids...)
	r.want("session_deleted", end)
	r.wantEnd()

	later := publish(t, srv, "other", "")
	for _, id := range []string{end, later} {
		if res := get(t, ts, streamURL(ts, "s"), id); res.StatusCode != http.StatusNoContent {
			t.Errorf("resume at %s: %s", id, res.Status)
		}
	}
	wantError(t, get(t, ts, streamURL(ts, "s")), http.StatusNotFound, gen.RESTErrorTypeNotFound)
}

// The id of a deleted session can be used again after the grace period.
func TestSessionMadeAgain(t *testing.T) {
	srv := newServer(t, server.WithDeleteGrace(time.Nanosecond))
	ts := serve(t, srv)
	create(t, srv, "s")
	remove(t, srv, "s")
	created := create(t, srv, "s")
	r := open(t, ts, "s")
	r.want("connected", created)
	r.wantContents(publish(t, srv, "s", "new"))
}

// A session that is deleted while a stream opens ends that stream.
func TestDeletedWhileOpening(t *testing.T) {
	log := &faultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
	srv := newServer(t, server.WithLog(log))
	ts := serve(t, srv)
	create(t, srv, "s")
	log.afterLookup = func() {
		log.afterLookup = nil
		remove(t, srv, "s")
	}
	r := open(t, ts, "s")
	if e := r.next(); e.name != "connected" {
		t.Fatalf("got %+v", e)
	}
	if e := r.next(); e.name != "session_deleted" {
		t.Fatalf("got %+v", e)
	}
	r.wantEnd()
}

// vouch vouches for the sessions.
func vouch(sessions ...string) server.Option {
	return server.WithSessions(func(_ context.Context, id string) (bool, error) {
		for _, s := range sessions {
			if s == id {
				return true, nil
			}
		}
		return false, nil
	})
}

func TestVouchedSession(t *testing.T) {
	srv := newServer(t, vouch("v"))
	ts := serve(t, srv)
	r := open(t, ts, "v")
	r.next()
	created := create(t, srv, "v")
	r.want("session_created", created)
	r.wantContents(publish(t, srv, "v", "one"))
	r.want("session_deleted", remove(t, srv, "v"))
	r.wantEnd()
	// The record counts for more than the application's word.
	wantError(t, get(t, ts, streamURL(ts, "v")), http.StatusNotFound, gen.RESTErrorTypeNotFound)
	wantError(t, get(t, ts, streamURL(ts, "w")), http.StatusNotFound, gen.RESTErrorTypeNotFound)
}
