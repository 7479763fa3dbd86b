package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
)

func TestEventJSON(t *testing.T) {
	for _, c := range []struct{ raw, want string }{
		{`{ "a" : "<\u00e9>" }`, `{"id":"7","event":"x\"y","data":{ "a" : "<\u00e9>" }}`},
		{"{\n\"a\": 1}", `{"id":"7","event":"x\"y","data":{"a":1}}`},
		{"no JSON", `{"id":"7","event":"x\"y","data":"no JSON"}`},
	} {
		if got := string(eventJSON(mix.Event{ID: "7", Name: `x"y`}, []byte(c.raw))); got != c.want+"\n" {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
	if got := string(eventJSON(mix.Event{ID: "7", Name: "big"}, nil)); got != `{"id":"7","event":"big","data":null}`+"\n" {
		t.Errorf("got %s", got)
	}
}

// nameOf returns the name of an event of the spec, or of an unknown one.
func nameOf(e gen.Event) string {
	name, _, _ := gen.StreamEvents.Encode(e)
	return name
}

func TestPrinter(t *testing.T) {
	var out bytes.Buffer
	p := newPrinter(&out)
	show := func(d gen.Event) {
		t.Helper()
		if err := p.event(mix.Event{Name: nameOf(d), Data: d}, []byte("{}")); err != nil {
			t.Error(err)
		}
	}
	show(&gen.ThinkingData{Content: "Hm."})
	show(&gen.ContentData{Content: "One "})
	show(&gen.HeartbeatData{})
	show(&gen.ContentData{Content: "\x1b[31mtwo"})
	show(&gen.CompleteData{})
	show(&gen.UnknownEvent{Name: "new_kind"})
	want := "Hm.\nOne \\x1b[31mtwo\ncomplete\nnew_kind   {}\n"
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
	p.colours = true
	out.Reset()
	show(&gen.CompleteData{})
	if !bytes.Contains(out.Bytes(), []byte("\x1b[32m")) {
		t.Errorf("no colour in %q", out.String())
	}
}

// A failed write is reported.
func TestOutputFails(t *testing.T) {
	full := errors.New("no space left")
	for _, args := range [][]string{{"demo", "--cuts", "0"}, {"demo", "--cuts", "0", "--json"}} {
		var stderr bytes.Buffer
		args = append(args, "--dir", t.TempDir())
		if status := run(t.Context(), args, nil, writerFunc(func([]byte) (int, error) { return 0, full }), &stderr); status != 1 || !strings.Contains(stderr.String(), full.Error()) {
			t.Errorf("%v: status %d, %s", args, status, stderr.String())
		}
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// A terminal gets the words of a server as plain text.
func TestNoEscapesFromServer(t *testing.T) {
	ts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"error":{"code":403,"type":"forbidden","message":"\u001b]0;owned\u0007\u001b[2J"}}`)
	}))
	t.Cleanup(ts.Close)
	for _, args := range [][]string{{"tail", ts.URL, "s"}, {"publish", ts.URL, "s", "content", "{}"}} {
		if _, _, stderr := execute(t, "", args...); strings.ContainsAny(stderr, "\x1b\x07") || !strings.Contains(stderr, "owned") {
			t.Errorf("%s: %q", args[0], stderr)
		}
	}
}
