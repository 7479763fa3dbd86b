package server_test

import (
	"strings"
	"testing"

	"github.com/mixstream/mixstream/server"
)

func TestGap(t *testing.T) {
	old := newServer(t)
	beforeRestart := publish(t, old, "s", "from another life")

	const retained = 5
	srv := newServer(t, smallLog(retained))
	seen := make(chan string, 100)
	ts := serve(t, srv, tap(func(p []byte) { seen <- string(p) }))
	ids := append(publishN(t, srv, "s", 20), publish(t, srv, "s", ""))
	kept, floor := ids[len(ids)-retained:], ids[len(ids)-retained-1]
	future := ids[len(ids)-1] + "0"

	const again = "1" // the id of connected that makes a gap again, where the requested one cannot
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
		"just trimmed":     {"", []string{before(t, floor)}, before(t, floor)},
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
			r := openURL(t, ts, streamURL(ts, "s")+test.query, test.header...)
			r.want("connected", test.connected)
			r.wantGap(floor)
			r.wantContents(kept...)
			r.close()
			if first := receive(t, seen); strings.Count(first, "\n\n") != 2 {
				t.Errorf("connected and the gap event are not one write: %q", first)
			}
		})
	}
}

// A position in a quiet session is good for ever, however busy and trimmed the
// sessions beside it are.
func TestNoFalseGap(t *testing.T) {
	srv := newServer(t, smallLog(3), server.WithScope(func(id string) string { return strings.TrimRight(id, "0123456789") }))
	ts := serve(t, srv)
	first := publish(t, srv, "quiet", "one")
	positions := []string{before(t, first), first}
	for range 10 {
		ids := publishN(t, srv, "busy", 20)
		positions = append(positions, ids[0], ids[10], ids[19])
	}
	second := publish(t, srv, "quiet", "two")
	publishN(t, srv, "busy", 20)
	for i, position := range positions {
		r := open(t, ts, "quiet", position)
		r.want("connected", position)
		if i == 0 {
			r.wantContents(first)
		}
		r.wantContents(second)
		r.close()
	}
}

// A session that is only vouched for has no gap either.
func TestNoFalseGapWithoutEvents(t *testing.T) {
	srv := newServer(t, smallLog(3), vouch("v"))
	ts := serve(t, srv)
	position := open(t, ts, "v").next().id
	publishN(t, srv, "busy", 20)
	r := open(t, ts, "v", position)
	r.want("connected", position)
	r.wantContents(publishN(t, srv, "v", 3)...)
}
