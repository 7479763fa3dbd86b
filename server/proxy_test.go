package server_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/docblock"
	"github.com/mixstream/mixstream/server"
)

// The real proxies, set up as docs/proxies.md says, pass each event on as it is published,
// let the server know when a client leaves, and resume, also after they were stopped.
func TestProxies(t *testing.T) {
	if atScale(0, 1) == 0 {
		t.Skip("slow: run with MIXSTREAM_SLOW=1")
	}
	blocks := make(map[string]string)
	for _, block := range docblock.Of(t, "proxies.md") {
		blocks[block.Language] = block.Text
	}
	for _, program := range proxyPrograms {
		t.Run(program.name, func(t *testing.T) {
			block := blocks[program.language]
			if block == "" {
				t.Fatalf("docs/proxies.md has no block in %s that names this test", program.language)
			}
			testProxy(t, program, block)
		})
	}
	if len(blocks) != len(proxyPrograms) {
		t.Errorf("docs/proxies.md has %d configurations, and %d are tested", len(blocks), len(proxyPrograms))
	}
}

func testProxy(t *testing.T, program proxyProgram, block string) {
	srv := newServer(t, server.WithHeartbeat(300*time.Millisecond))
	requests := make(chan *http.Request, 100)
	ts := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests <- r
		srv.ServeHTTP(w, r)
	}))
	proxy := startProxy(t, program, block, ts.Listener.Addr().String())
	target := "http://" + proxy.addr + "/stream?sessionId=s"
	first := publish(t, srv, "s", "")

	r := openURL(t, ts, target)
	if got := strings.ToLower(r.res.Header.Get("Server")); !strings.HasPrefix(got, program.name) {
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

	resume := func(from int) *reader {
		t.Helper()
		r := openURL(t, ts, target, ids[from])
		if got := receive(t, requests).Header.Get("Last-Event-ID"); got != ids[from] {
			t.Errorf("the server is asked to resume at %q, want %s", got, ids[from])
		}
		r.want("connected", ids[from])
		for _, id := range ids[from+1:] {
			r.wantBeats("content", id)
		}
		return r
	}
	r = resume(40)
	proxy.stop(t)
	r.wantCut()
	until(t, "the server has noticed that the proxy is gone", func() bool { return srv.Readers("s") == 0 })
	last := len(ids) - 1
	ids = append(ids, publish(t, srv, "s", "meanwhile"))
	if !proxy.start(t) {
		t.Fatal("another program has taken the proxy's address")
	}
	r = resume(last)
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

// wantCut expects an end that is not taken for a whole answer, after heartbeats or none.
func (r *reader) wantCut() {
	r.t.Helper()
	for {
		e, err := read(r.dec)
		if err == nil && e.name == "heartbeat" {
			continue
		}
		if err == nil || errors.Is(err, io.EOF) {
			r.t.Errorf("got %+v, %v, want a cut", e, err)
		}
		return
	}
}
