package server_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

func TestCreateSession(t *testing.T) { servertest.BothModes(t, testCreateSession) }

func testCreateSession(t *testing.T, mode servertest.Mode) {
	srv, ts := mode.Start(t)
	id := servertest.CreateSession(t, srv, "s")
	r := servertest.Open(t, ts, "s", servertest.Before(t, id))
	r.Next()
	e := r.Next()
	data, ok := gen.StreamEvents.Decode(e.Name, []byte(e.Data)).(*gen.SessionCreatedData)
	if !ok || e.ID != id || data.SessionID != "s" || data.Title != "Title of s" || data.CreatedAt == 0 || data.Type != "session_created" {
		t.Errorf("got %+v", e)
	}
	if _, err := srv.CreateSession(t.Context(), "s", ""); !errors.Is(err, eventlog.ErrSessionExists) {
		t.Errorf("again: %v", err)
	}
	servertest.Publish(t, srv, "published", "")
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
	srv := servertest.NewServer(t)
	if _, err := srv.DeleteSession(t.Context(), "unknown"); !errors.Is(err, eventlog.ErrSessionNotFound) {
		t.Errorf("unknown: %v", err)
	}
	servertest.CreateSession(t, srv, "s")
	servertest.DeleteSession(t, srv, "s")
	if _, err := srv.DeleteSession(t.Context(), "s"); !errors.Is(err, eventlog.ErrSessionDeleted) {
		t.Errorf("twice: %v", err)
	}
	if _, err := srv.Publish(t.Context(), "s", servertest.Content("")); !errors.Is(err, eventlog.ErrSessionDeleted) {
		t.Errorf("publish: %v", err)
	}
	if _, err := srv.CreateSession(t.Context(), "s", ""); !errors.Is(err, eventlog.ErrSessionDeleted) {
		t.Errorf("create: %v", err)
	}
}

func TestDeletedSession(t *testing.T) { servertest.BothModes(t, testDeletedSession) }

func testDeletedSession(t *testing.T, mode servertest.Mode) {
	srv, ts := mode.Start(t)
	ids := servertest.PublishN(t, srv, "s", 3)
	live := servertest.Open(t, ts, "s")
	live.Next()
	end := servertest.DeleteSession(t, srv, "s")
	live.Want("session_deleted", end)
	live.WantEnd()

	// A reader that was away gets the rest.
	r := servertest.Open(t, ts, "s", ids[0])
	r.Want("connected", ids[0], "content", ids[1], "content", ids[2], "session_deleted", end)
	r.WantEnd()
	r = servertest.Open(t, ts, "s", "nonsense")
	r.Want("connected", "1")
	r.WantGap(servertest.Before(t, ids[0]))
	r.WantContents(ids...)
	r.Want("session_deleted", end)
	r.WantEnd()

	later := servertest.Publish(t, srv, "other", "")
	for _, id := range []string{end, later} {
		if res := servertest.Get(t, ts, servertest.StreamURL(ts, "s"), id); res.StatusCode != http.StatusNoContent {
			t.Errorf("resume at %s: %s", id, res.Status)
		}
	}
	servertest.WantError(t, servertest.Get(t, ts, servertest.StreamURL(ts, "s")), http.StatusNotFound, gen.RESTErrorTypeNotFound)
}

func TestVouchedSession(t *testing.T) { servertest.BothModes(t, testVouchedSession) }

func testVouchedSession(t *testing.T, mode servertest.Mode) {
	srv, ts := mode.Start(t, servertest.Vouch("v"))
	r := servertest.Open(t, ts, "v")
	r.Next()
	created := servertest.CreateSession(t, srv, "v")
	r.Want("session_created", created)
	r.WantContents(servertest.Publish(t, srv, "v", "one"))
	r.Want("session_deleted", servertest.DeleteSession(t, srv, "v"))
	r.WantEnd()
	// The record in the log wins over WithSessions.
	servertest.WantError(t, servertest.Get(t, ts, servertest.StreamURL(ts, "v")), http.StatusNotFound, gen.RESTErrorTypeNotFound)
	servertest.WantError(t, servertest.Get(t, ts, servertest.StreamURL(ts, "w")), http.StatusNotFound, gen.RESTErrorTypeNotFound)
}

// A deleted session can be read to its end for five minutes. Then the log forgets it, and its ID can
// be used again.
func TestDeleteGrace(t *testing.T) { servertest.BothModes(t, testDeleteGrace) }

func testDeleteGrace(t *testing.T, mode servertest.Mode) {
	synctest.Test(t, func(t *testing.T) {
		srv := mode.NewServer(t)
		first := servertest.Publish(t, srv, "s", "")
		end := servertest.DeleteSession(t, srv, "s")
		open := func(id string) int {
			r := servertest.Record(srv, "s", id)
			<-r.Ended
			return r.Response.StatusCode
		}
		for _, step := range []struct {
			wait  time.Duration
			codes string // of a resume before the end, of one at the end, and of a fresh stream
		}{
			{0, "200 204 404"},
			{5*time.Minute - 1, "200 204 404"},
			{1, "404 404 404"},
		} {
			time.Sleep(step.wait)
			if got := fmt.Sprint(open(first), open(end), open("")); got != step.codes {
				t.Errorf("%+v: got %s", step, got)
			}
		}
		created := servertest.CreateSession(t, srv, "s")
		r := servertest.Record(srv, "s", "")
		defer r.Leave()
		servertest.Publish(t, srv, "s", "new")
		if got := r.Events(); len(got) != 2 || got[0].ID != created || got[1].Name != "content" {
			t.Errorf("got %+v", got)
		}
	})
}
