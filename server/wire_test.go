package server_test

import (
	"io"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/internal/servertest"
)

// A stream has the same bytes in both modes.
func TestWireBytes(t *testing.T) { servertest.BothModes(t, testWireBytes) }

func testWireBytes(t *testing.T, mode servertest.Mode) {
	srv, ts := mode.Start(t, servertest.SmallLog(2))
	ids := servertest.PublishN(t, srv, "s", 4)
	res := servertest.Get(t, ts, servertest.StreamURL(ts, "s"), ids[0])
	for name, value := range map[string]string{"Content-Type": "text/event-stream", "Cache-Control": "no-cache", "X-Accel-Buffering": "no"} {
		if got := res.Header.Values(name); len(got) != 1 || got[0] != value {
			t.Errorf("%s: %q, want %q", name, got, value)
		}
	}
	var body strings.Builder
	r := servertest.NewReader(t, res, io.TeeReader(res.Body, &body))
	r.Want("connected", ids[0], "error", ids[1], "content", ids[2], "content", ids[3])
	large := strings.Repeat("large", 40_000) // more than one write
	live := servertest.Publish(t, srv, "s", large)
	r.WantContents(live)
	end := servertest.DeleteSession(t, srv, "s")
	r.Want("session_deleted", end)
	r.WantEnd()
	want := "event: connected\nretry: 2000\ndata: {\"sessionId\":\"s\"}\nid: " + ids[0] + "\n\n" +
		"event: error\ndata: {\"error\":\"events before this position are no longer retained, and some may be missing\",\"type\":\"replay_gap\"}\nid: " + ids[1] + "\n\n" +
		"event: content\ndata: {\"content\":\"2\",\"type\":\"content\"}\nid: " + ids[2] + "\n\n" +
		"event: content\ndata: {\"content\":\"3\",\"type\":\"content\"}\nid: " + ids[3] + "\n\n" +
		"event: content\ndata: {\"content\":\"" + large + "\",\"type\":\"content\"}\nid: " + live + "\n\n" +
		"event: session_deleted\ndata: {\"sessionId\":\"s\",\"type\":\"session_deleted\"}\nid: " + end + "\n\n"
	if got := body.String(); got != want {
		t.Errorf("got\n%.2000s\nwant\n%.2000s", got, want)
	}
}
