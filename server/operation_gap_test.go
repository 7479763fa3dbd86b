package server_test

import (
	"net/http"
	"net/http/httptest"
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
	w := listen(t, ts, orderSeven, ids[2], ids[2])
	w.want(":")
	w.order(ids[3], "2000")
}

// fallBehind opens a stream at the end and makes it fall behind what the log retains. It
// returns the ids that are published after its position.
func fallBehind(t *testing.T, events *servertest.FaultyLog, srv *server.Server[fact], ts *httptest.Server) (w *wire, position string, missed []string) {
	position = tell(t, srv, "7", order("a"))
	w = listen(t, ts, orderSeven, position, position)
	w.want(":")
	events.ReadErr.Store(servertest.ErrUnavailable)
	missed = tellN(t, srv, "7", 6)
	servertest.Until(t, "the log is read", func() bool { return events.FailedReads.Load() > 0 })
	events.ReadErr.Store(nil)
	return w, position, missed
}

func TestForeignGapInMidStream(t *testing.T) { servertest.BothModes(t, testForeignGapInMidStream) }

func testForeignGapInMidStream(t *testing.T, mode servertest.Mode) {
	o := servertest.NewObserver()
	events := &servertest.FaultyLog{Log: shortLog()}
	srv := newForeign(t, mode, orderEvents, server.WithObserver(o), server.WithLog(events))
	ts := servertest.Serve(t, srv)
	w, position, missed := fallBehind(t, events, srv, ts)
	w.retryLine(2000)
	w.end()
	servertest.Receive(t, o.Streams).WantEnd(t, server.EndGap)
	w = ask(t, ts, orderSeven, position)
	w.problem(http.StatusGone)
	if got := w.res.Header.Get("Last-Event-ID"); got != missed[2] {
		t.Errorf("Last-Event-ID: %s, want %s", got, missed[2])
	}
}

func TestSilentGaps(t *testing.T) { servertest.BothModes(t, testSilentGaps) }

func testSilentGaps(t *testing.T, mode servertest.Mode) {
	o := servertest.NewObserver()
	events := &servertest.FaultyLog{Log: shortLog()}
	srv := newForeign(t, mode, endingWith(orderEvents, "[DONE]"), server.WithLog(events), server.WithObserver(o), server.WithSilentGaps())
	ts := servertest.Serve(t, srv)
	w, position, missed := fallBehind(t, events, srv, ts)
	w.order(missed[3], "2000")
	w.order(missed[4], "")
	servertest.Receive(t, servertest.Receive(t, o.Streams).Gaps) // a gap without a byte
	w.res.Body.Close()
	w = listen(t, ts, orderSeven, position, position)
	atOpening := servertest.Receive(t, o.Streams)
	w.want(":")
	servertest.Receive(t, atOpening.Gaps)
	w.order(missed[3], "2000")
	w.order(missed[4], "")
	w.order(missed[5], "")

	// A session that ends within a gap ends like any other.
	events.ReadErr.Store(servertest.ErrUnavailable)
	missed = tellN(t, srv, "7", 6)
	end(t, srv, "7")
	events.ReadErr.Store(nil)
	w.order(missed[4], "")
	w.order(missed[5], "")
	w.want("data: [DONE]", "")
	w.end()
	atOpening.WantEnd(t, server.EndSessionDeleted)
	if n := len(atOpening.Gaps); n != 1 {
		t.Errorf("the observer is told of %d more gaps, want the one in mid-stream", n)
	}
}

func TestFreshStart(t *testing.T) { servertest.BothModes(t, testFreshStart) }

func testFreshStart(t *testing.T, mode servertest.Mode) {
	srv := newForeign(t, mode, orderEvents, server.WithStreamsFromEnd())
	ids := tellN(t, srv, "7", 3)
	w := listen(t, servertest.Serve(t, srv), orderSeven, "", ids[2])
	w.want(":")
	w.order(tell(t, srv, "7", order("a")), "2000")

	own := mode.NewServer(t, server.WithStreamsFromStart())
	ids = servertest.PublishN(t, own, "s", 3)
	r := servertest.Open(t, servertest.Serve(t, own), "s")
	r.Want("connected", servertest.Before(t, ids[0]))
	r.WantContents(ids...)
}
