package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
)

// serving starts a server and returns its base URL.
func serving(t *testing.T, args ...string) (p *process, url string) {
	t.Helper()
	p = start(t, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)
	_, url, _ = strings.Cut(p.stderr.find(t, "listening on"), "listening on ")
	return p, url
}

func TestServeAndTail(t *testing.T) {
	p, url := serving(t)
	fmt.Fprintln(p.stdin, "\ufeff"+`{"session":"s1","event":"content","data":{"type":"content", "content":"Hello <b>", "extra": 1}}`)
	fmt.Fprintln(p.stdin, `{"session":"s1","event":"content"}`)
	p.stderr.find(t, `line 2: "data" is missing`)
	fmt.Fprintln(p.stdin)
	fmt.Fprintln(p.stdin, `nonsense`)
	p.stderr.find(t, "line 4: not a JSON event")
	for line, want := range map[string]string{
		`{"event":"content","data":{}}`:                                      `"session" is missing`,
		`{"session":"s1","data":{}}`:                                         `"event" is missing`,
		`{"session":"s1","event":"heartbeat","data":{"type":"heartbeat"}}`:   "only the server",
		`{"session":"s1","event":"nothing","data":{}}`:                       "not an event of the spec",
		`{"session":"s1","event":"content","data":{"type":"x","content":5}}`: `: server: publish "content": data/content: must be of type string, not number`,
		`{"session":5,"event":"content","data":{}}`:                          `"session" must be of type string, not number`,
		`["session"]`: "must be of type object, not array",
		`{"session":"s1","event":"content","data":{"content":"x"}} and more`:       "text after the object",
		`{"session":"s1","event":"content","data":{"content":"x"},"surplus":true}`: "surplus",
		`{"session":"s1","event":"content","data":{"content":"x"}}`:                `data: "type" is required`,
		`{"session":"s1","session":"s2","event":"content","data":{}}`:              `"session" comes twice`,
		`{"session":"s1","EVENT":"content","data":{}}`:                             `unknown field "EVENT"`,
		`{"session":"s1","event":"content","data":null}`:                           "must be of type object, not null",
		strings.Repeat("x", maxLine+70_000):                                        "longer than",
	} {
		fmt.Fprintln(p.stdin, line)
		p.stderr.find(t, want)
	}
	io.WriteString(p.stdin, `{"session":"s1","event":"complete","data":{"type":"complete","done":true}}`) // without a line end
	p.stdin.Close()

	status, stdout, stderr := execute(t, "", "tail", url, "s1", "--last-event-id", "0", "--until-complete", "--json")
	if status != 0 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	got := strings.Split(strings.TrimSuffix(stdout, "\n"), "\n")
	if len(got) != 3 || !strings.HasSuffix(got[1], `"event":"content","data":{"type":"content","content":"Hello <b>","extra":1}}`) ||
		!strings.HasSuffix(got[2], `"event":"complete","data":{"type":"complete","done":true}}`) {
		t.Errorf("got %q", got)
	}
	_, stdout, _ = execute(t, "", "tail", url, "s1", "--last-event-id", "0", "--until-complete")
	if !strings.Contains(stdout, "\nHello <b>\ncomplete\n") {
		t.Errorf("got %q", stdout)
	}

	var first struct{ ID string }
	if err := json.Unmarshal([]byte(got[1]), &first); err != nil {
		t.Fatal(err)
	}
	if _, stdout, _ = execute(t, "", "tail", url, "s1", "--last-event-id", first.ID, "--until-complete", "--json"); strings.Contains(stdout, "Hello") {
		t.Errorf("resumed before %s: %s", first.ID, stdout)
	}
	status, _, stderr = execute(t, "", "tail", url, "s1", "--last-event-id", "17")
	if status != exitGap || !strings.Contains(stderr, "continue after the gap with --last-event-id ") {
		t.Errorf("status %d: %s", status, stderr)
	}

	p.stop()
	if status := <-p.status; status != 0 {
		t.Errorf("serve ended with status %d", status)
	}
}

func TestServeStrictSessions(t *testing.T) {
	_, url := serving(t, "--strict-sessions")
	status, _, stderr := execute(t, "", "tail", url, "nobody")
	if status != 1 || !strings.Contains(stderr, `session "nobody" does not exist`) {
		t.Errorf("status %d: %s", status, stderr)
	}
}

func TestServeDemo(t *testing.T) {
	dir := writeFiles(t, map[string]string{"README.md": "Words."})
	p, url := serving(t, "--demo", "--dir", dir)
	status, stdout, stderr := execute(t, "", "tail", url, demoSession, "--last-event-id", "0", "--until-complete")
	if status != 0 || !strings.Contains(stdout, "Start with README.md, which begins: Words.") {
		t.Errorf("status %d: %s%s", status, stdout, stderr)
	}
	p.stop()
	if status := <-p.status; status != 0 {
		t.Errorf("serve ended with status %d", status)
	}
}
