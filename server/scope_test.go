package server_test

import (
	"testing"
	"time"

	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

func TestScope(t *testing.T) { servertest.BothModes(t, testScope) }

func testScope(t *testing.T, mode servertest.Mode) {
	srv, ts := mode.Start(t, servertest.Tenants())
	servertest.Publish(t, srv, "a/1", "")
	servertest.Publish(t, srv, "a/2", "")
	end := servertest.Publish(t, srv, "b/1", "")
	readers := map[string]*servertest.Reader{}
	for _, session := range []string{"a/1", "a/2", "b/1"} {
		readers[session] = servertest.Open(t, ts, session, end)
		readers[session].Want("connected", end)
	}
	one := servertest.Publish(t, srv, "a/1", "")
	created := servertest.CreateSession(t, srv, "a/3")
	two := servertest.Publish(t, srv, "a/1", "")
	three := servertest.Publish(t, srv, "a/2", "")
	deleted := servertest.DeleteSession(t, srv, "a/3")
	four := servertest.Publish(t, srv, "a/2", "")
	other := servertest.CreateSession(t, srv, "b/2")

	readers["a/1"].Want("content", one, "session_created", created, "content", two, "session_deleted", deleted)
	readers["a/2"].Want("session_created", created, "content", three, "session_deleted", deleted, "content", four)
	readers["b/1"].Want("session_created", other)
	// A resume gets them as well, in the same order.
	r := servertest.Open(t, ts, "a/1", one)
	r.Want("connected", one, "session_created", created, "content", two, "session_deleted", deleted)
	for session, r := range readers {
		r.WantContents(servertest.Publish(t, srv, session, "nothing in between"))
	}
}

// By default, no session learns of another's creation or deletion.
func TestOwnScope(t *testing.T) { servertest.BothModes(t, testOwnScope) }

func testOwnScope(t *testing.T, mode servertest.Mode) {
	srv, ts := mode.Start(t)
	servertest.Publish(t, srv, "s", "")
	r := servertest.Open(t, ts, "s")
	r.Next()
	servertest.CreateSession(t, srv, "other")
	servertest.DeleteSession(t, srv, "other")
	r.WantContents(servertest.Publish(t, srv, "s", ""))
}

// A session may be created again in a scope that remembers its first end. The stream does
// not end there again.
func TestScopeRemembersFirstEnd(t *testing.T) { servertest.BothModes(t, testScopeRemembersFirstEnd) }

func testScopeRemembersFirstEnd(t *testing.T, mode servertest.Mode) {
	srv, ts := mode.Start(t, servertest.Tenants(), server.WithTiming(server.Timing{DeleteGrace: time.Millisecond}))
	servertest.CreateSession(t, srv, "a/keeper")
	first := servertest.CreateSession(t, srv, "a/s")
	servertest.DeleteSession(t, srv, "a/s")
	servertest.Until(t, "the grace period is over", func() bool {
		_, err := srv.Publish(t.Context(), "a/s", servertest.Content("again"))
		return err == nil
	})
	r := servertest.Open(t, ts, "a/s", first)
	for {
		e := r.Next()
		if e.Name == "content" {
			break
		}
	}
	r.WantContents(servertest.Publish(t, srv, "a/s", "alive"))
}
