package server_test

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/server"
)

// The real nginx, with no more than docs/proxies.md asks for, passes each event on as
// it is published, resumes, and lets the server know when a client leaves.
func TestNginx(t *testing.T) {
	srv := newServer(t, server.WithHeartbeat(300*time.Millisecond))
	requests := make(chan *http.Request, 100)
	ts := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests <- r
		srv.ServeHTTP(w, r)
	}))
	target := nginx(t, ts) + "/stream?sessionId=s"
	first := publish(t, srv, "s", "")

	r := openURL(t, ts, target)
	if got := r.res.Header.Get("Server"); !strings.HasPrefix(got, "nginx") {
		t.Fatalf("the answer is from %q", got)
	}
	receive(t, requests)
	r.want("connected", first)
	var ids []string
	for range 50 {
		ids = append(ids, publish(t, srv, "s", "x"))
		r.wantBeats("content", ids[len(ids)-1]) // before the next one is published
	}
	for range 3 {
		if e := r.next(); e.name != "heartbeat" {
			t.Errorf("got %+v, want a heartbeat", e)
		}
	}
	ids = append(ids, publish(t, srv, "s", strings.Repeat("x", 512<<10))) // over every buffer
	r.wantBeats("content", ids[len(ids)-1])
	if n := srv.Readers("s"); n != 1 {
		t.Errorf("%d readers", n)
	}
	r.close()
	until(t, "the server has noticed that the client left", func() bool { return srv.Readers("s") == 0 })

	r = openURL(t, ts, target, ids[40])
	if got := receive(t, requests).Header.Get("Last-Event-ID"); got != ids[40] {
		t.Errorf("the server is asked to resume at %q, want %s", got, ids[40])
	}
	r.want("connected", ids[40])
	for _, id := range ids[41:] {
		r.wantBeats("content", id)
	}
	end := remove(t, srv, "s")
	r.wantBeats("session_deleted", end)
	r.wantEnd()
	if res := get(t, ts, target, end); res.StatusCode != http.StatusNoContent {
		t.Errorf("resume at the end: %s", res.Status)
	}
	wantError(t, get(t, ts, target), http.StatusNotFound, gen.RESTErrorTypeNotFound)
}

// wantBeats reads an event with this name and id, after heartbeats or none.
func (r *reader) wantBeats(name, id string) {
	r.t.Helper()
	e := r.next()
	for e.name == "heartbeat" {
		e = r.next()
	}
	if e.name != name || e.id != id {
		r.t.Fatalf("got %s %s, want %s %s", e.name, e.id, name, id)
	}
}

// Documented is what was tested.
func TestNginxDocumented(t *testing.T) {
	doc, err := os.ReadFile("../docs/proxies.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(doc), "\n```nginx"+nginxLocation+"```\n") {
		t.Error("docs/proxies.md does not have the configuration that is tested")
	}
}
