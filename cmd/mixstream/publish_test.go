package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestPublishOne(t *testing.T) {
	_, url := serving(t)
	status, stdout, stderr := execute(t, "", "publish", url, "s1", "content", ` {"type": "content", "content": "Hello <b>"} `)
	id := strings.TrimSpace(stdout)
	if status != 0 || len(id) < 10 {
		t.Fatalf("status %d: %q %s", status, stdout, stderr)
	}
	execute(t, "", "publish", url, "s1", "complete", `{"type":"complete","done":true}`)
	_, stdout, _ = execute(t, "", "tail", url, "s1", "--last-event-id", "0", "--until-complete", "--json")
	if !strings.Contains(stdout, `{"id":"`+id+`","event":"content","data":{"type":"content","content":"Hello <b>"}}`) {
		t.Errorf("got %s", stdout)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{url, "s1", "content", "{"}, "the data is not JSON"},
		{[]string{url, "s1", "content"}, "received 3 arguments"},
		{[]string{"nowhere", "s1", "content", "{}"}, "base URL"},
		{[]string{url, "s1", "content", "{}", "--token", "a b"}, "--token"},
	} {
		if status, _, stderr := execute(t, "", append([]string{"publish"}, c.args...)...); status != exitUsage || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: status %d, %q", c.args, status, stderr)
		}
	}
	for _, c := range []struct{ event, data, want string }{
		{"content", "{}", `"content": data: "content" is required`},
		{"heartbeat", `{"type":"heartbeat"}`, "only the server may send this event"},
	} {
		if status, _, stderr := execute(t, "", "publish", url, "s1", c.event, c.data); status != exitFailure || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: status %d, %q", c.event, status, stderr)
		}
	}
}

func TestPublishLines(t *testing.T) {
	_, url := serving(t)
	var input strings.Builder
	for i := range 2500 {
		fmt.Fprintf(&input, `{"event":"content","data":{"type":"content","content":"%d "}}`+"\n\n", i)
	}
	input.WriteString(`{"event":"complete","data":{"type":"complete","done":true}}`) // without a line end
	status, stdout, stderr := execute(t, input.String(), "publish", url, "s1")
	if status != 0 || !strings.HasPrefix(stdout, "2501 events published, from 1") {
		t.Fatalf("status %d: %q %s", status, stdout, stderr)
	}
	_, stdout, _ = execute(t, "", "tail", url, "s1", "--last-event-id", "0", "--until-complete", "--json")
	if n := strings.Count(stdout, `"event":"content"`); n != 2500 || !strings.Contains(stdout, `"content":"2499 "`) {
		t.Errorf("%d events: %.200s", n, stdout)
	}

	line := `{"event":"content","data":{"type":"content","content":"x"}}` + "\n"
	status, stdout, stderr = execute(t, line+"\n"+line+"nonsense\n"+line, "publish", url, "s2")
	if status != 1 || !strings.HasPrefix(stdout, "2 events published") || !strings.Contains(stderr, "line 4 of the input: ") || !strings.Contains(stderr, "not an event") {
		t.Errorf("status %d: %q %s", status, stdout, stderr)
	}
	if status, stdout, _ = execute(t, "\n", "publish", url, "s3"); status != 0 || stdout != "0 events published\n" {
		t.Errorf("status %d: %q", status, stdout)
	}
}

// A line is published at once, even if the source continues.
func TestPublishDoesNotWait(t *testing.T) {
	_, url := serving(t)
	p := start(t, "publish", url, "s1")
	io.WriteString(p.stdin, `{"event":"complete","data":{"type":"complete","done":true}}`+"\n")
	if status, _, stderr := execute(t, "", "tail", url, "s1", "--last-event-id", "0", "--until-complete"); status != 0 {
		t.Errorf("status %d: %s", status, stderr)
	}
	p.stop() // perhaps before the answer: a reader sees the event first
	told := regexp.MustCompile(`^(1 events published, from |0 events published; 1 more may have been published)`)
	if status := <-p.status; status != exitInterrupted || !told.MatchString(p.stdout.String()) {
		t.Errorf("interrupted with status %d: %q", status, p.stdout.String())
	}
}

// A server that is away for a while gets every event once.
func TestPublishRetries(t *testing.T) {
	_, url := serving(t)
	failures := 0
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.Scheme, r.URL.Host, r.RequestURI = "http", strings.TrimPrefix(url, "http://"), ""
		res, err := http.DefaultClient.Do(r)
		if failures++; failures <= 2 || err != nil { // the answer is lost
			panic(http.ErrAbortHandler)
		}
		defer res.Body.Close()
		w.Header().Set("Content-Type", res.Header.Get("Content-Type"))
		w.WriteHeader(res.StatusCode)
		_, _ = io.Copy(w, res.Body)
	}))
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	t.Cleanup(front.Close)
	line := `{"event":"content","data":{"type":"content","content":"once"}}` + "\n"
	status, stdout, stderr := execute(t, line+line, "publish", front.URL, "s1")
	if status != 0 || !strings.HasPrefix(stdout, "2 events published") || strings.Count(stderr, "trying again in") != 2 {
		t.Fatalf("status %d: %q %s", status, stdout, stderr)
	}
	execute(t, "", "publish", url, "s1", "complete", `{"type":"complete","done":true}`)
	_, stdout, _ = execute(t, "", "tail", url, "s1", "--last-event-id", "0", "--until-complete", "--json")
	if n := strings.Count(stdout, "once"); n != 2 {
		t.Errorf("%d events: %s", n, stdout)
	}
}

func TestServeReadOnly(t *testing.T) {
	_, url := serving(t, "--read-only")
	if status, _, stderr := execute(t, "", "publish", url, "s1", "content", `{"type":"content","content":"x"}`); status != 1 || !strings.Contains(stderr, "answered 405") {
		t.Errorf("status %d: %s", status, stderr)
	}
	// An address that others reach accepts events only with a token.
	p := start(t, "serve", "--listen", "0.0.0.0:0")
	_, open, _ := strings.Cut(p.stderr.find(t, "listening on"), "listening on ")
	open = "http://127.0.0.1:" + open[strings.LastIndex(open, ":")+1:]
	if status, _, stderr := execute(t, "", "publish", open, "s1", "content", `{"type":"content","content":"x"}`); status != 1 || !strings.Contains(stderr, "answered 405") {
		t.Errorf("status %d: %s", status, stderr)
	}
}

func TestPublishWithToken(t *testing.T) {
	t.Setenv(tokenVariable, "sesame")
	_, url := serving(t)
	if status, _, stderr := execute(t, "", "publish", url, "s1", "content", `{"type":"content","content":"x"}`); status != 0 {
		t.Errorf("status %d: %s", status, stderr)
	}
	if status, _, stderr := execute(t, "", "publish", "--token", "wrong", url, "s1", "content", `{"type":"content","content":"x"}`); status != 1 || !strings.Contains(stderr, "answered 401") {
		t.Errorf("status %d: %s", status, stderr)
	}
}

// The page exists, offers the sessions, and answers only to this machine's names.
func TestServeInspector(t *testing.T) {
	_, url := serving(t, "--host", "front.example", "--host", "Spelt.Example:8080")
	for _, session := range []string{"s1", "s2", "s1"} {
		execute(t, "", "publish", url, session, "content", `{"type":"content","content":"x"}`)
	}
	if status, body := getAs(t, url+"/", ""); status != 200 || !strings.Contains(body, "<title>mixstream inspector</title>") {
		t.Errorf("%d %s", status, body)
	}
	if status, body := getAs(t, url+"/inspector/sessions", ""); status != 200 || body != `["s1","s2"]` {
		t.Errorf("%d %s", status, body)
	}
	port := url[strings.LastIndex(url, ":"):]
	for host, want := range map[string]int{
		"localhost" + port: 200, "LOCALHOST.": 200, "app.localhost:1": 200, "127.0.0.1": 200, "127.9.9.9" + port: 200, "[::1]" + port: 200, "front.example" + port: 200,
		"spelt.example": 200, "spelt.example" + port: 200,
		"evil.example": 421, "evil.example" + port: 421, "127.0.0.1.evil.example": 421, "localhost.evil.example": 421, "10.0.0.1": 421, "evil-localhost": 421,
	} {
		for _, path := range []string{"/", "/inspector/app.js", "/inspector/sessions"} {
			if status, body := getAs(t, url+path, host); status != want || want == 421 && !strings.Contains(body, `"type":"bad_request"`) {
				t.Errorf("%s%s: %d %.100s", host, path, status, body)
			}
		}
		if status, _ := getAs(t, url+"/stream", host); want == 421 && status != 421 || want == 200 && status != 400 {
			t.Errorf("%s/stream: %d", host, status)
		}
	}
	_, bare := serving(t, "--no-inspector")
	if status, _ := getAs(t, bare+"/", ""); status != 404 {
		t.Errorf("a page that is off: %d", status)
	}
}

func getAs(t *testing.T, url, host string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	hc := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 20 * time.Second}
	res, err := hc.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// The command reports that an outcome is unknown.
func TestPublishOutcomeUnknown(t *testing.T) {
	for name, c := range map[string]struct {
		status       int
		body         string
		text, asJSON string
	}{
		"a key that is forgotten": {
			http.StatusConflict, `{"error":{"code":409,"type":"bad_request","message":"x"},"count":1,"lastId":"7"}`,
			"1 events published to 7; 2 more may have been published\n", `{"count":1,"firstId":"","lastId":"7","unknown":2}`,
		},
		"another count than was sent": {
			http.StatusCreated, `{"firstId":"7","lastId":"8","count":2}`,
			"0 events published; 3 more may have been published\n", `{"count":0,"firstId":"","lastId":"","unknown":3}`,
		},
		"a refusal": {
			http.StatusForbidden, `{"error":{"code":403,"type":"forbidden","message":"x"}}`,
			"0 events published\n", `{"count":0,"firstId":"","lastId":""}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			ts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			}))
			defer ts.Close()
			line := `{"event":"content","data":{"type":"content","content":"x"}}` + "\n"
			for _, asJSON := range []bool{false, true} {
				args, want := []string{"publish", ts.URL, "s1"}, c.text
				if asJSON {
					args, want = append(args, "--json"), c.asJSON+"\n"
				}
				if status, stdout, stderr := execute(t, line+"\n"+line+line, args...); status != exitFailure || stdout != want {
					t.Errorf("status %d, got %q, want %q: %s", status, stdout, want, stderr)
				}
			}
		})
	}
}
