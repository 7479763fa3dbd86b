package server_test

import (
	"strings"
	"testing"

	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

// How a request names the position to resume after, and what the client gets. Which ids are
// positions is a table of the engine: server/internal/stream.
func TestResume(t *testing.T) { servertest.BothModes(t, testResume) }

func testResume(t *testing.T, mode servertest.Mode) {
	beforeRestart := servertest.Publish(t, mode.NewServer(t), "s", "")
	srv := mode.NewServer(t, servertest.SmallLog(4))
	writes := make(chan string, 1000)
	ts := servertest.Serve(t, srv, mode.Tap(func(p []byte) { writes <- string(p) }))
	trimmed := servertest.PublishN(t, srv, "s", 3)
	ids := servertest.PublishN(t, srv, "s", 2)
	other := servertest.Publish(t, srv, "other", "elsewhere")
	ids = append(ids, servertest.PublishN(t, srv, "s", 2)...)
	floor, end := trimmed[2], ids[3]

	const again = "1" // an id of connected that makes a gap again
	for name, test := range map[string]struct {
		query     string
		header    []string
		connected string
		rest      []string
		gap       bool
	}{
		"nothing":              {"", nil, end, nil, false},
		"header":               {"", []string{ids[0]}, ids[0], ids[1:], false},
		"header, at the end":   {"", []string{end}, end, nil, false},
		"header, at the floor": {"", []string{floor}, floor, ids, false},
		"another session's id": {"", []string{other}, other, ids[2:], false},
		"zero":                 {"", []string{"0"}, floor, ids, false},
		"query":                {"&lastEventId=" + ids[1], nil, ids[1], ids[2:], false},
		"query zero":           {"&lastEventId=0", nil, floor, ids, false},
		"header wins":          {"&lastEventId=" + ids[0], []string{ids[2]}, ids[2], ids[3:], false},
		"empty header, query":  {"&lastEventId=" + ids[2], []string{""}, ids[2], ids[3:], false},
		"empty header":         {"", []string{""}, end, nil, false},
		"empty query":          {"&lastEventId=", nil, end, nil, false},
		"header, empty query":  {"&lastEventId=", []string{ids[2]}, ids[2], ids[3:], false},
		"malformed query":      {"&lastEventId=nonsense", []string{ids[2]}, ids[2], ids[3:], false},

		"trimmed":          {"", []string{trimmed[0]}, trimmed[0], ids, true},
		"just trimmed":     {"", []string{servertest.Before(t, floor)}, servertest.Before(t, floor), ids, true},
		"from the future":  {"", []string{end + "0"}, again, ids, true},
		"before a restart": {"", []string{beforeRestart}, beforeRestart, ids, true},
		"garbage":          {"", []string{"garbage"}, again, ids, true},
		"huge":             {"", []string{strings.Repeat("9", 4000)}, again, ids, true},
		"repeated header":  {"", []string{ids[0], ids[0]}, again, ids, true},
		"one header empty": {"", []string{"", ids[0]}, again, ids, true},
		"repeated query":   {"&lastEventId=" + ids[0] + "&lastEventId=" + ids[0], nil, again, ids, true},
		"garbage query":    {"&lastEventId=garbage", nil, again, ids, true},
		"space in query":   {"&lastEventId=+" + ids[0], nil, again, ids, true},
		"line feed":        {"&lastEventId=" + ids[0] + "%0A", nil, again, ids, true},
		"NUL":              {"&lastEventId=%00", nil, again, ids, true},
	} {
		t.Run(name, func(t *testing.T) {
			for len(writes) > 0 {
				<-writes
			}
			r := servertest.OpenURL(t, ts, servertest.StreamURL(ts, "s")+test.query, test.header...)
			r.Want("connected", test.connected)
			if test.gap {
				r.WantGap(floor)
			}
			r.WantContents(test.rest...)
			r.Close()
			if first := servertest.Receive(t, writes); strings.Count(first, "\n\n") > 1 != test.gap {
				t.Errorf("the first write is %q; it must have the gap event, and no event of the log", first)
			}
		})
	}
	r := servertest.Open(t, ts, "s", end) // which gets nothing but what is new
	r.Want("connected", end)
	r.WantContents(servertest.Publish(t, srv, "s", "next"))
}

// A position in a quiet session, which need not have an event, stays valid, however busy and
// trimmed the other sessions of its scope are.
func TestNoFalseGap(t *testing.T) { servertest.BothModes(t, testNoFalseGap) }

func testNoFalseGap(t *testing.T, mode servertest.Mode) {
	srv, ts := mode.Start(t, servertest.SmallLog(3), servertest.Vouch("quiet"), server.WithScope(func(string) string { return "tenant" }))
	servertest.Publish(t, srv, "busy", "")
	positions := []string{servertest.Open(t, ts, "quiet").Next().ID}
	for range 5 {
		ids := servertest.PublishN(t, srv, "busy", 20)
		positions = append(positions, ids[0], ids[19])
	}
	id := servertest.Publish(t, srv, "quiet", "")
	for _, position := range positions {
		r := servertest.Open(t, ts, "quiet", position)
		r.Want("connected", position, "content", id)
		r.Close()
	}
}
