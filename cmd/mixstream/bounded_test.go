package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A command repeats little of its input, and of a server's answers.
func TestMessagesAreBounded(t *testing.T) {
	const limit = 4 << 10
	huge := strings.Repeat("é", 300<<10)
	ascii := strings.Repeat("x", 300<<10)
	foreign := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprintf(w, `{"error":{"code":404,"type":"not_found","message":%q}}`, ascii[:60000])
	}))
	defer foreign.Close()
	boastful := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"count":1,"firstId":%q,"lastId":%q}`, ascii[:30000], ascii[:30000])
	}))
	defer boastful.Close()
	file := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(file, []byte(strings.Repeat("k", 2000)+": 1\nlisten: ["+strings.Repeat("z", 2000)+"]\nmax-streams: "+ascii[:100000]+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const event = `{"event":"content","data":{"type":"content","content":"x"}}`
	for name, c := range map[string]struct {
		stdin string
		args  []string
	}{
		"tail, message":     {"", []string{"tail", foreign.URL, "s"}},
		"publish, message":  {event, []string{"publish", foreign.URL, "s"}},
		"publish, ids":      {event, []string{"publish", boastful.URL, "s"}},
		"publish, id":       {"", []string{"publish", boastful.URL, "s", "content", `{"type":"content","content":"x"}`}},
		"tail, JSON":        {"", []string{"tail", foreign.URL, "s", "--json"}},
		"tail, URL":         {"", []string{"tail", "ftp://" + ascii, "s"}},
		"publish, not JSON": {"", []string{"publish", foreign.URL, "s", huge, huge}},
		"unknown command":   {"", []string{huge}},
		"unknown flag":      {"", []string{"serve", "--" + ascii}},
		"number":            {"", []string{"serve", "--max-streams", ascii}},
		"duration":          {"", []string{"serve", "--heartbeat", ascii}},
		"level":             {"", []string{"serve", "--level", ascii}},
		"log":               {"", []string{"serve", "--listen", "127.0.0.1:0", "--log", ascii}},
		"log stream":        {"", []string{"serve", "--listen", "127.0.0.1:0", "--log", "file:" + t.TempDir(), "--log-stream", huge}},
		"origin":            {"", []string{"serve", "--listen", "127.0.0.1:0", "--cors-origin", huge}},
		"fault":             {"", []string{"demo", "--fault", huge}},
		"file":              {"", []string{"serve", "--config", file}},
		"check":             {"", []string{"check", "--listen", "127.0.0.1:0", "--config", file}},
		"check, JSON":       {"", []string{"check", "--listen", "127.0.0.1:0", "--config", file, "--json"}},
		"no file":           {"", []string{"serve", "--config", ascii}},
	} {
		_, stdout, stderr := execute(t, c.stdin, c.args...)
		if stdout+stderr == "" {
			t.Errorf("%s: nothing is said", name)
		}
		for line := range strings.Lines(stdout + stderr) {
			if len(line) > limit {
				t.Errorf("%s: a line of %d bytes: %.200s", name, len(line), line)
			}
		}
	}
	t.Setenv("MIXSTREAM_MAX_STREAMS", ascii)
	if _, _, stderr := execute(t, "", "serve"); len(stderr) > limit || stderr == "" {
		t.Errorf("a variable: %d bytes", len(stderr))
	}
}

// serve reports a bad line of its input briefly.
func TestFedLinesAreBounded(t *testing.T) {
	p, _ := serving(t)
	huge := strings.Repeat("é", 300<<10)
	for i, line := range []string{
		huge,
		`{"` + huge + `":1}`,
		`{"session":"s","event":"` + huge + `","data":{}}`,
		`{"session":"` + huge + `","event":"content","data":{}}`,
		`{"session":"s","event":"content","data":` + strings.Repeat("9", 300<<10) + `}`,
		`{"session":"s","event":"content","data":{"content":` + strings.Repeat("9", 300<<10) + `}}`,
	} {
		fmt.Fprintln(p.stdin, line)
		if got := p.stderr.find(t, fmt.Sprintf("line %d:", i+1)); len(got) > 4<<10 {
			t.Errorf("line %d: %d bytes: %.200s", i+1, len(got), got)
		}
	}
}
