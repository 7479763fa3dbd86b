package server_test

import (
	"net/http"
	"testing"

	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

func TestForeignGapAtOpening(t *testing.T) { servertest.BothModes(t, testForeignGapAtOpening) }

func testForeignGapAtOpening(t *testing.T, mode servertest.Mode) {
	o := servertest.NewObserver()
	srv := newForeign(t, mode, orderEvents, server.WithObserver(o), server.WithLog(shortLog()))
	ts := servertest.Serve(t, srv)
	ids := tellN(t, srv, "7", 6)
	for _, position := range []string{ids[0], "garbage", ids[5] + "0", "1"} {
		w := ask(t, ts, orderSeven, position)
		w.problem(http.StatusGone)
		if got := w.res.Header.Get("Last-Event-ID"); got != ids[2] {
			t.Errorf("after %s: Last-Event-ID: %s, want %s", position, got, ids[2])
		}
		if got := w.res.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("after %s: a cache may keep the answer: Cache-Control: %s", position, got)
		}
		if r := servertest.Receive(t, o.Refusals); r.Status != http.StatusGone || r.Operation != "orderEvents" {
			t.Errorf("the observer is told of %+v", r)
		}
	}
	w := listen(t, ts, orderSeven, ids[2], ids[2], ":")
	w.order(ids[3], "2000")
	if s := servertest.Receive(t, o.Streams); s.Info.Operation != "orderEvents" || s.Info.SessionID != "7" {
		t.Errorf("the observer is told of %+v", s.Info)
	}
	if p := servertest.Receive(t, o.Publications); p.Operation != "orderEvents" || p.SessionID != "7" || p.Event != "placed" {
		t.Errorf("the observer is told of %+v", p)
	}

	// With WithSilentGaps, the stream goes on behind the gap, and only the observer is told.
	srv = newForeign(t, mode, orderEvents, server.WithObserver(o), server.WithLog(shortLog()), server.WithSilentGaps())
	ids = tellN(t, srv, "7", 6)
	w = listen(t, servertest.Serve(t, srv), orderSeven, ids[0], ids[0], ":")
	w.order(ids[3], "2000")
	servertest.Receive(t, servertest.Receive(t, o.Streams).Gaps)
}

func TestFreshStart(t *testing.T) { servertest.BothModes(t, testFreshStart) }

func testFreshStart(t *testing.T, mode servertest.Mode) {
	srv := newForeign(t, mode, orderEvents, server.WithStreamsFromEnd())
	ids := tellN(t, srv, "7", 3)
	w := listen(t, servertest.Serve(t, srv), orderSeven, "", ids[2], ":")
	w.order(tell(t, srv, "7", order("a")), "2000")

	own := mode.NewServer(t, server.WithStreamsFromStart())
	ids = servertest.PublishN(t, own, "s", 3)
	r := servertest.Open(t, servertest.Serve(t, own), "s")
	r.Want("connected", servertest.Before(t, ids[0]))
	r.WantContents(ids...)
}
