package main

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// get sends a request with a header and returns the status and the answer.
func get(t *testing.T, method, url string, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	res, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	if res.StatusCode == http.StatusOK {
		return res, ""
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

func TestTokens(t *testing.T) {
	dir := writeFiles(t, map[string]string{"tokens": "# who may read\n\nalice-1\n  bob+2==  \r\n#carol\n"})
	p, url := serving(t, "--token-file", filepath.Join(dir, "tokens"))
	fmt.Fprintln(p.stdin, `{"session":"s1","event":"complete","data":{"type":"complete","done":true}}`)
	p.stdin.Close()
	for _, c := range []struct {
		authorization string
		status        int
		challenge     string
	}{
		{"", 401, `Bearer realm="mixstream"`},
		{"Bearer alice-1", 200, ""},
		{"bearer bob+2==", 200, ""},
		{"Bearer  alice-1", 200, ""},
		{"Basic alice-1", 401, `Bearer realm="mixstream"`},
		{"alice-1", 401, `Bearer realm="mixstream"`},
		{"Bearer", 401, `Bearer realm="mixstream", error="invalid_token"`},
		{"Bearer alice", 401, `Bearer realm="mixstream", error="invalid_token"`},
		{"Bearer alice-12", 401, `Bearer realm="mixstream", error="invalid_token"`},
		{"Bearer # who may read", 401, `Bearer realm="mixstream", error="invalid_token"`},
		{"Bearer carol", 401, `Bearer realm="mixstream", error="invalid_token"`},
		{"Bearer #carol", 401, `Bearer realm="mixstream", error="invalid_token"`},
	} {
		res, body := get(t, http.MethodGet, url+"/stream?sessionId=s1", "Authorization", c.authorization)
		if res.StatusCode != c.status || res.Header.Get("WWW-Authenticate") != c.challenge || c.status == 401 && !strings.Contains(body, `"type":"unauthorized"`) {
			t.Errorf("%q: %s, %q, %s", c.authorization, res.Status, res.Header.Get("WWW-Authenticate"), body)
		}
	}

	tail := []string{"tail", url, "s1", "--last-event-id", "0", "--until-complete", "--json"}
	if status, _, stderr := execute(t, "", tail...); status != 1 || !strings.Contains(stderr, "a bearer token is required") {
		t.Errorf("without a token: status %d, %s", status, stderr)
	}
	status, _, stderr := execute(t, "", append(tail, "--token", "mallory-7")...)
	if status != 1 || !strings.Contains(stderr, "not accepted") || strings.Contains(stderr, "mallory") {
		t.Errorf("with a wrong token: status %d, %s", status, stderr)
	}
	if status, stdout, stderr := execute(t, "", append(tail, "--token", "alice-1")...); status != 0 || !strings.Contains(stdout, "complete") {
		t.Errorf("with a token: status %d, %s", status, stderr)
	}
	t.Setenv(tokenVariable, "bob+2==\n")
	if status, stdout, stderr := execute(t, "", tail...); status != 0 || !strings.Contains(stdout, "complete") {
		t.Errorf("with a token in the environment: status %d, %s", status, stderr)
	}
}

func TestTokenOfTheEnvironment(t *testing.T) {
	t.Setenv(tokenVariable, "dave")
	_, url := serving(t)
	for authorization, want := range map[string]int{"": 401, "Bearer eve": 401, "Bearer dave": 200} {
		if res, _ := get(t, http.MethodGet, url+"/stream?sessionId=s1", "Authorization", authorization); res.StatusCode != want {
			t.Errorf("%q: %s", authorization, res.Status)
		}
	}
}

// A malformed token stops the command, and the error does not repeat it.
func TestBadTokens(t *testing.T) {
	dir := writeFiles(t, map[string]string{"empty": "# nobody\n\n", "two words": "good\nsecret words\n"})
	file := func(name string) []string {
		return []string{"serve", "--listen", "127.0.0.1:0", "--token-file", filepath.Join(dir, name)}
	}
	for _, c := range []struct {
		args []string
		env  string
		want string
	}{
		{file("empty"), "", "contains no token"},
		{file("two words"), "", "line 2: not a bearer token"},
		{file("missing"), "", "no such file"},
		{[]string{"serve", "--token-file", ""}, "", "--token-file: names no file"},
		{[]string{"serve"}, "secret words", "MIXSTREAM_TOKEN: not a bearer token"},
		{[]string{"serve"}, " ", "MIXSTREAM_TOKEN is empty"},
		{[]string{"tail", "http://127.0.0.1:1", "s", "--token", "secret words"}, "", "--token: not a bearer token"},
		{[]string{"tail", "http://127.0.0.1:1", "s"}, "secret\nwords", "MIXSTREAM_TOKEN: not a bearer token"},
	} {
		t.Run(c.want, func(t *testing.T) {
			if c.env != "" {
				t.Setenv(tokenVariable, c.env)
			}
			status, _, stderr := execute(t, "", c.args...)
			if status != exitUsage || !strings.Contains(stderr, c.want) || strings.Contains(stderr, "secret") {
				t.Errorf("status %d, %q", status, stderr)
			}
		})
	}
}
