package endtoend_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/docblock"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

// Real proxies, set up as docs/proxies.md says, pass each event on when it is published
// and let the server notice when a client leaves. Clients resume through them, even after
// they were stopped.
func TestProxies(t *testing.T) {
	servertest.Slow(t)
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
			servertest.BothModes(t, func(t *testing.T, mode servertest.Mode) { testProxy(t, mode, program, block) })
		})
	}
	if len(blocks) != len(proxyPrograms) {
		t.Errorf("docs/proxies.md has %d configurations, and %d are tested", len(blocks), len(proxyPrograms))
	}
}

func testProxy(t *testing.T, mode servertest.Mode, program proxyProgram, block string) {
	srv := mode.NewServer(t, server.WithTiming(server.Timing{Heartbeat: 300 * time.Millisecond}))
	requests := make(chan *http.Request, 100)
	ts := servertest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests <- r
		srv.ServeHTTP(w, r)
	}))
	proxy := startProxy(t, program, block, ts.Listener.Addr().String())
	target := "http://" + proxy.addr + "/stream?sessionId=s"
	first := servertest.Publish(t, srv, "s", "")

	r := servertest.OpenURL(t, ts, target)
	if got := strings.ToLower(r.Response.Header.Get("Server")); !strings.HasPrefix(got, program.name) {
		t.Fatalf("the answer is from %q", got)
	}
	servertest.Receive(t, requests)
	r.Want("connected", first)
	var ids []string
	for range 50 {
		ids = append(ids, servertest.Publish(t, srv, "s", "x"))
		r.WantBeats("content", ids[len(ids)-1]) // before the next one is published
	}
	for range 3 {
		if e := r.Next(); e.Name != "heartbeat" {
			t.Errorf("got %+v, want a heartbeat", e)
		}
	}
	ids = append(ids, servertest.Publish(t, srv, "s", strings.Repeat("x", 512<<10))) // larger than every buffer
	r.WantBeats("content", ids[len(ids)-1])
	if n := srv.Readers("s"); n != 1 {
		t.Errorf("%d readers", n)
	}
	r.Close()
	servertest.Until(t, "the server has noticed that the client left", func() bool { return srv.Readers("s") == 0 })

	resume := func(from int) *servertest.Reader {
		t.Helper()
		r := servertest.OpenURL(t, ts, target, ids[from])
		if got := servertest.Receive(t, requests).Header.Get("Last-Event-ID"); got != ids[from] {
			t.Errorf("the server is asked to resume at %q, want %s", got, ids[from])
		}
		r.Want("connected", ids[from])
		for _, id := range ids[from+1:] {
			r.WantBeats("content", id)
		}
		return r
	}
	r = resume(40)
	proxy.stop(t)
	r.WantCut()
	servertest.Until(t, "the server has noticed that the proxy is gone", func() bool { return srv.Readers("s") == 0 })
	last := len(ids) - 1
	ids = append(ids, servertest.Publish(t, srv, "s", "meanwhile"))
	if !proxy.start(t) {
		t.Fatal("another program has taken the proxy's address")
	}
	r = resume(last)
	end := servertest.DeleteSession(t, srv, "s")
	r.WantBeats("session_deleted", end)
	r.WantEnd()
	if res := servertest.Get(t, ts, target, end); res.StatusCode != http.StatusNoContent {
		t.Errorf("resume at the end: %s", res.Status)
	}
	servertest.WantError(t, servertest.Get(t, ts, target), http.StatusNotFound, gen.RESTErrorTypeNotFound)
}
