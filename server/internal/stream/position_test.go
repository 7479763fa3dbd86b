package stream_test

import (
	"strings"
	"testing"

	"github.com/mixstream/mixstream/sse"
)

// An id that is no position of the log makes a gap, and so does the id that the client gets in
// its place.
func TestPositionOfNoID(t *testing.T) {
	for _, id := range []string{
		"garbage", "00", "+15", "-1", "15.5", "015", "0x10", "\u0661\u0665", " 15", "15\n", "\x00", "15, 15", ", 15",
		"18446744073709551616", "18446744073709551615", strings.Repeat("9", 4000), "1", "21", "200",
	} {
		f := newFixture(t, rules(full()), trimmed())
		if got := f.begin(id); got != "stream 1" {
			t.Errorf("%.40q: %s", id, got)
		}
		if got := f.turn(); got != "connected retry=2000 1, error 12 -> again" {
			t.Errorf("%.40q: %s", id, got)
		}
	}
}

// trimmed returns a log that has the ids 13 to 20.
func trimmed() *log {
	l := &log{floor: 12, end: 12}
	l.addN(8)
	return l
}

// The write that tells a gap may be cut anywhere: a client that has not seen the gap event gets
// another one when it resumes.
func TestGapSurvivesEveryCut(t *testing.T) {
	gapAt := func(id string) bool {
		f := newFixture(t, rules(full()), trimmed())
		f.begin(id)
		return strings.Contains(f.turn(), "error 12")
	}
	for _, requested := range []string{"garbage", "11", "18446744073709551615"} {
		f := newFixture(t, rules(full()), trimmed())
		f.begin(requested)
		f.turn()
		for n := range len(f.raw) + 1 {
			cut := f.raw[:n]
			id, seen := requested, false
			dec := sse.NewDecoder(strings.NewReader(cut))
			for e, err := dec.Next(); err == nil; e, err = dec.Next() {
				seen = seen || e.Name == "error"
			}
			if last := string(dec.LastEventID()); last != "" {
				id = last
			}
			if seen == gapAt(id) {
				t.Errorf("%s, cut after %q: resumes at %s, the gap event was seen: %t, and is told again: %t", requested, cut, id, seen, gapAt(id))
			}
			// A client that takes an id from its line alone misses the gap between that line and the
			// blank one. No server can help it there, and this is the only place.
			if lines := strings.Split(cut, "\nid: "); n != len(f.raw)-1 && !seen && len(lines) > 1 {
				if id, _, ok := strings.Cut(lines[len(lines)-1], "\n"); ok && !gapAt(id) {
					t.Errorf("%s, cut after %q: a careless client resumes at %s and never learns of the gap", requested, cut, id)
				}
			}
		}
	}
}
