package server_test

import (
	"bytes"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
	"github.com/mixstream/mixstream/sse"
)

func TestGap(t *testing.T) { servertest.BothModes(t, testGap) }

func testGap(t *testing.T, mode servertest.Mode) {
	old := mode.NewServer(t)
	beforeRestart := servertest.Publish(t, old, "s", "from another life")

	const retained = 5
	srv := mode.NewServer(t, servertest.SmallLog(retained))
	seen := make(chan string, 100)
	ts := servertest.Serve(t, srv, mode.Tap(func(p []byte) { seen <- string(p) }))
	ids := append(servertest.PublishN(t, srv, "s", 20), servertest.Publish(t, srv, "s", ""))
	kept, floor := ids[len(ids)-retained:], ids[len(ids)-retained-1]
	future := ids[len(ids)-1] + "0"

	const again = "1" // an id of connected that makes a gap again
	tests := map[string]struct {
		query     string
		header    []string
		connected string
	}{
		"garbage":          {"", []string{"garbage"}, again},
		"double zero":      {"", []string{"00"}, again},
		"plus":             {"", []string{"+5"}, again},
		"minus":            {"", []string{"-1"}, again},
		"fraction":         {"", []string{"1.5"}, again},
		"leading zero":     {"", []string{"0" + kept[0]}, again},
		"hexadecimal":      {"", []string{"0x10"}, again},
		"other digits":     {"", []string{"\u0665"}, again},
		"over 64 bits":     {"", []string{"18446744073709551616"}, again},
		"the last of 64":   {"", []string{"18446744073709551615"}, again},
		"huge":             {"", []string{strings.Repeat("9", 4000)}, again},
		"one":              {"", []string{"1"}, again},
		"two":              {"", []string{"2"}, "2"},
		"from the future":  {"", []string{future}, again},
		"before a restart": {"", []string{beforeRestart}, beforeRestart},
		"trimmed":          {"", []string{ids[3]}, ids[3]},
		"just trimmed":     {"", []string{servertest.Before(t, floor)}, servertest.Before(t, floor)},
		"repeated header":  {"", []string{kept[0], kept[0]}, again},
		"one header empty": {"", []string{"", kept[0]}, again},
		"repeated query":   {"&lastEventId=" + kept[0] + "&lastEventId=" + kept[0], nil, again},
		"garbage query":    {"&lastEventId=garbage", nil, again},
		"space in query":   {"&lastEventId=+" + kept[0], nil, again},
		"line feed":        {"&lastEventId=" + kept[0] + "%0A", nil, again},
		"NUL":              {"&lastEventId=%00", nil, again},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for len(seen) > 0 {
				<-seen
			}
			r := servertest.OpenURL(t, ts, servertest.StreamURL(ts, "s")+test.query, test.header...)
			r.Want("connected", test.connected)
			r.WantGap(floor)
			r.WantContents(kept...)
			r.Close()
			if first := servertest.Receive(t, seen); strings.Count(first, "\n\n") != 2 {
				t.Errorf("connected and the gap event are not one write: %q", first)
			}
		})
	}
}

// A position in a quiet session stays valid, however busy and trimmed the other sessions
// are.
func TestNoFalseGap(t *testing.T) { servertest.BothModes(t, testNoFalseGap) }

func testNoFalseGap(t *testing.T, mode servertest.Mode) {
	srv, ts := mode.Start(t, servertest.SmallLog(3), server.WithScope(func(id string) string { return strings.TrimRight(id, "0123456789") }))
	first := servertest.Publish(t, srv, "quiet", "one")
	positions := []string{servertest.Before(t, first), first}
	for range 10 {
		ids := servertest.PublishN(t, srv, "busy", 20)
		positions = append(positions, ids[0], ids[10], ids[19])
	}
	second := servertest.Publish(t, srv, "quiet", "two")
	servertest.PublishN(t, srv, "busy", 20)
	for i, position := range positions {
		r := servertest.Open(t, ts, "quiet", position)
		r.Want("connected", position)
		if i == 0 {
			r.WantContents(first)
		}
		r.WantContents(second)
		r.Close()
	}
}

// A session that exists only by WithSessions has no gap either.
func TestNoFalseGapWithoutEvents(t *testing.T) { servertest.BothModes(t, testNoFalseGapWithoutEvents) }

func testNoFalseGapWithoutEvents(t *testing.T, mode servertest.Mode) {
	srv, ts := mode.Start(t, servertest.SmallLog(3), servertest.Vouch("v"))
	position := servertest.Open(t, ts, "v").Next().ID
	servertest.PublishN(t, srv, "busy", 20)
	r := servertest.Open(t, ts, "v", position)
	r.Want("connected", position)
	r.WantContents(servertest.PublishN(t, srv, "v", 3)...)
}

// The write that tells a gap may be cut anywhere: a client that has not seen the gap event
// gets another one when it resumes.
func TestGapSurvivesEveryCut(t *testing.T) { servertest.BothModes(t, testGapSurvivesEveryCut) }

func testGapSurvivesEveryCut(t *testing.T, mode servertest.Mode) {
	srv := mode.NewServer(t, servertest.SmallLog(3))
	first := make(chan string, 100)
	ts := servertest.Serve(t, srv, mode.Tap(func(p []byte) {
		if !bytes.HasPrefix(p, []byte("event: connected\n")) {
			return // the late write of a stream that is being closed
		}
		select {
		case first <- string(p):
		default:
		}
	}))
	ids := servertest.PublishN(t, srv, "s", 20)
	told := make(map[string]bool) // by id: whether a resume there gets a gap event
	gapAt := func(id string) bool {
		if _, ok := told[id]; !ok {
			told[id] = opensWithGap(t, ts, id)
		}
		return told[id]
	}
	for _, requested := range []string{"garbage", ids[2], "18446744073709551615"} {
		for len(first) > 0 {
			<-first
		}
		r := servertest.Open(t, ts, "s", requested)
		r.Next()
		r.Close()
		write := servertest.Receive(t, first)
		for n := range len(write) + 1 {
			cut := write[:n]
			id, seen := takenByDecoder(cut)
			if id == "" {
				id = requested
			}
			if !seen && !gapAt(id) || seen && gapAt(id) {
				t.Errorf("%s, cut after %q: resumes at %s, gap event seen: %t, told again: %t", requested, cut, id, seen, gapAt(id))
			}
			// A client that takes an id from its line alone misses the gap between that
			// line and the blank one. No server can help it there, and this is the only
			// place.
			if n == len(write)-1 {
				continue
			}
			if id = takenFromLine(cut); id == "" {
				id = requested
			}
			if !seen && !gapAt(id) {
				t.Errorf("%s, cut after %q: a careless client resumes at %s and never learns of the gap", requested, cut, id)
			}
		}
	}
}

// takenByDecoder returns the last event ID by the standard, and reports whether the
// decoder dispatched the gap event.
func takenByDecoder(cut string) (id string, gap bool) {
	dec := sse.NewDecoder(strings.NewReader(cut))
	for {
		e, err := servertest.ReadEvent(dec)
		if err != nil {
			return string(dec.LastEventID()), gap
		}
		gap = gap || servertest.IsGap(e)
	}
}

// takenFromLine returns the id of the last id line, whether or not its block is complete.
func takenFromLine(cut string) (id string) {
	for line := range bytes.Lines([]byte(cut)) {
		if v, ok := bytes.CutPrefix(line, []byte("id: ")); ok && bytes.HasSuffix(v, []byte("\n")) {
			id = string(bytes.TrimSpace(v))
		}
	}
	return id
}

// opensWithGap resumes at an id and reports whether a gap event follows connected. Some
// event follows, because the log retains events.
func opensWithGap(t *testing.T, ts *httptest.Server, id string) bool {
	r := servertest.Open(t, ts, "s", id)
	defer r.Close()
	r.Next()
	return servertest.IsGap(r.Next())
}
