package client_test

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/streamtest"
)

// conformance holds the rules of WHATWG HTML, section 9.2, that show only over several
// connections: what each one brings, and the id ("-": none) with which the client asks for
// the next one. Package sse tests the rules of a single stream.
var conformance = []struct {
	rule    string
	streams []string
	events  string // "name id data" each
	ids     []string
}{
	{"a byte order mark is dropped, once to a connection",
		[]string{"\ufeffid: 1\ndata: a\n\n", "\ufeffid: 2\ndata: b\n\n", "\ufeff\ufeffid: 3\ndata: c\n\n"}, " 1 a; 2 b; 2 c", []string{"-", "1", "2", "2"}},
	{"the last id survives a reconnection", []string{"id: 1\ndata: a\n\n", "data: b\n\n", ""}, " 1 a; 1 b", []string{"-", "1", "1", "1"}},
	{"an id counts from its blank line on", []string{"id: 1\ndata: a\n\nid: 2\ndata: b\n"}, " 1 a", []string{"-", "1"}},
	{"a blank line may end in a lone CR", []string{"id: 1\rdata: a\r\r", "id: 2\r\ndata: b\r\n\r"}, " 1 a; 2 b", []string{"-", "1", "2"}},
	{"the LF of a new connection belongs to no CR of the old", []string{"id: 1\ndata: a\r\r", "\nid: 2\ndata: b\r\r"}, " 1 a; 2 b", []string{"-", "1", "2"}},
	{"an id counts without data", []string{"id: 1\n\n", "id\n\n", "id: 3\n\n"}, "", []string{"-", "1", "-", "3"}},
	{"an empty id resets, and is not sent", []string{"id: 1\ndata: a\n\nid:\ndata: b\n\n"}, " 1 a;  b", []string{"-", "-"}},
	{"an id with NUL is ignored", []string{"id: 1\ndata: a\n\nid: 2\x003\ndata: b\n\n"}, " 1 a; 1 b", []string{"-", "1"}},
	{"an unfinished block is dropped", []string{"data: a\nid: 1\n\nevent: x\ndata: lost\nid: 2\n", "data: b\n\n"}, " 1 a; 1 b", []string{"-", "1", "1"}},
	{"an unfinished type is dropped", []string{"event: x\n", "data: b\n\n"}, "  b", []string{"-", "-", "-"}},
	{"invalid UTF-8 is replaced, also in an id", []string{"id: \xff\ndata: \xc3\n\n", "data: \x28\n\n"}, " \ufffd \ufffd; \ufffd (", []string{"-", "\ufffd", "\ufffd"}},
	{"an id is sent as UTF-8", []string{"id: \u00e9\u2028\ndata: a\n\n"}, " \u00e9\u2028 a", []string{"-", "\u00e9\u2028"}},
	{"one space is stripped, no more", []string{"id:1 2\nevent:x\ndata:  a\n\n"}, "x 1 2  a", []string{"-", "1 2"}},
	{"names are case sensitive", []string{"ID: 1\nid: 2\nDATA: a\ndata: b\n\n"}, " 2 b", []string{"-", "2"}},
	{"data says nothing of the id, the name or the retry",
		[]string{"id: 1\nevent: x\ndata: {\"a\":\"},\"id\":\"evil\",\"event\":\"evil\",\"retry\":1,\"b\":\"\\nid: evil\\n\\n\"}\n\n"},
		"x 1 {\"a\":\"},\"id\":\"evil\",\"event\":\"evil\",\"retry\":1,\"b\":\"\\nid: evil\\n\\n\"}", []string{"-", "1"}},
	{"an event of several lines", []string{"data: id: 9\ndata:: id: 9\ndata: \ndata\nid: 1\n\n"}, " 1 id: 9\n: id: 9\n\n", []string{"-", "1"}},
}

// TestConformance runs each stream in one piece, over a socket, and then byte by
// byte and cut in two at every position.
func TestConformance(t *testing.T) {
	for _, test := range conformance {
		t.Run(test.rule, func(t *testing.T) {
			var scripts []streamtest.Script
			longest := 0
			for _, text := range test.streams {
				scripts = append(scripts, send(text))
				longest = max(longest, len(text))
			}
			server := serve(t, append(scripts, over)...)
			if got := drain(t, server.source("")); got != test.events {
				t.Errorf("over a socket:\n got %q\nwant %q", got, test.events)
			}
			wantIDs(t, server, test.ids...)

			for cut := -1; cut < longest; cut++ {
				var steps []step
				for _, text := range test.streams {
					steps = append(steps, paced(io.EOF, split(text, cut)...))
				}
				f := fake(append(steps, status(204))...)
				source := f.source(t.Context(), client.WithRetryPolicy(noJitter))
				if got := drain(t, source); got != test.events {
					t.Errorf("cut at %d:\n got %q\nwant %q", cut, got, test.events)
				}
				for i, id := range f.ids {
					if id != strings.TrimPrefix(test.ids[i], "-") {
						t.Errorf("cut at %d: ids %q, want %q", cut, f.ids, test.ids)
					}
				}
			}
		})
	}
}

// split cuts a text in two, or for a negative position into its bytes.
func split(text string, at int) []part {
	if at >= 0 {
		at = min(at, len(text))
		return slices.DeleteFunc([]part{{0, text[:at]}, {0, text[at:]}}, func(p part) bool { return p.text == "" })
	}
	var parts []part
	for i := range len(text) {
		parts = append(parts, part{0, text[i : i+1]})
	}
	return parts
}

// drain reads a source to its clean end.
func drain(t *testing.T, source *client.Source) string {
	t.Helper()
	var events []string
	for {
		e, err := source.Next()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				t.Errorf("error: %v", err)
			}
			return strings.Join(events, ";")
		}
		events = append(events, e.Name+" "+string(e.ID)+" "+string(e.Data))
	}
}
