package server_test

import (
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/server"
)

// tenants makes "a/1" and "a/2" sessions of the scope "a".
func tenants() server.Option {
	return server.WithScope(func(session string) string {
		tenant, _, _ := strings.Cut(session, "/")
		return tenant
	})
}

func TestScope(t *testing.T) {
	srv := newServer(t, tenants())
	ts := serve(t, srv)
	publish(t, srv, "a/1", "")
	publish(t, srv, "a/2", "")
	end := publish(t, srv, "b/1", "")
	readers := map[string]*reader{}
	for _, session := range []string{"a/1", "a/2", "b/1"} {
		readers[session] = open(t, ts, session, end)
		readers[session].want("connected", end)
	}
	one := publish(t, srv, "a/1", "")
	created := create(t, srv, "a/3")
	two := publish(t, srv, "a/1", "")
	three := publish(t, srv, "a/2", "")
	deleted := remove(t, srv, "a/3")
	four := publish(t, srv, "a/2", "")
	other := create(t, srv, "b/2")

	readers["a/1"].want("content", one, "session_created", created, "content", two, "session_deleted", deleted)
	readers["a/2"].want("session_created", created, "content", three, "session_deleted", deleted, "content", four)
	readers["b/1"].want("session_created", other)
	// A resume gets them as well, in the same order.
	r := open(t, ts, "a/1", one)
	r.want("connected", one, "session_created", created, "content", two, "session_deleted", deleted)
	for session, r := range readers {
		r.wantContents(publish(t, srv, session, "nothing in between"))
	}
}

// By default nobody learns of another's sessions.
func TestOwnScope(t *testing.T) {
	srv := newServer(t)
	ts := serve(t, srv)
	publish(t, srv, "s", "")
	r := open(t, ts, "s")
	r.next()
	create(t, srv, "other")
	remove(t, srv, "other")
	r.wantContents(publish(t, srv, "s", ""))
}

// The deletion of another session of the scope ends nothing.
func TestScopeDeletion(t *testing.T) {
	srv := newServer(t, server.WithScope(func(string) string { return "all" }))
	ts := serve(t, srv)
	create(t, srv, "s")
	create(t, srv, "other")
	r := open(t, ts, "s")
	r.next()
	other := open(t, ts, "other")
	other.next()
	deleted := remove(t, srv, "other")
	r.want("session_deleted", deleted)
	other.want("session_deleted", deleted)
	other.wantEnd()
	own := remove(t, srv, "s")
	r.want("session_deleted", own)
	r.wantEnd()
}

// A session that was made again in a scope that remembers its first end does not
// end there once more.
func TestScopeRemembersFirstEnd(t *testing.T) {
	srv := newServer(t, tenants(), server.WithDeleteGrace(time.Nanosecond))
	ts := serve(t, srv)
	create(t, srv, "a/keeper")
	first := create(t, srv, "a/s")
	remove(t, srv, "a/s")
	publish(t, srv, "a/s", "again")
	r := open(t, ts, "a/s", first)
	for {
		e := r.next()
		if e.name == "content" {
			break
		}
	}
	r.wantContents(publish(t, srv, "a/s", "alive"))
}

// What comes in the scope after the end of a session is not for its streams, also
// where nothing of the session is retained any more.
func TestScopeGoesOnAfterTrimmedEnd(t *testing.T) {
	srv := newServer(t, tenants(), smallLog(3))
	ts := serve(t, srv)
	first := publish(t, srv, "a/s", "")
	remove(t, srv, "a/s")
	var others []string
	for _, other := range []string{"a/1", "a/2", "a/3", "a/4"} {
		others = append(others, create(t, srv, other))
	}
	r := open(t, ts, "a/s", first)
	r.want("connected", first)
	r.wantGap(others[0])
	r.wantEnd()
}
