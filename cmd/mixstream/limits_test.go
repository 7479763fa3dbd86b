package main

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/internal/servertest"
)

func TestServeLimits(t *testing.T) {
	_, url := serving(t, "--max-streams", "2", "--max-streams-per-session", "1", "--send-buffer", "8192")
	for _, c := range []struct {
		session string
		status  int
	}{{"a", 200}, {"a", 429}, {"b", 200}, {"c", 503}} {
		if res, body := get(t, http.MethodGet, url+"/stream?sessionId="+c.session); res.StatusCode != c.status {
			t.Errorf("%s: %s %s", c.session, res.Status, body)
		}
	}
	for _, flag := range []string{"--max-streams=-1", "--max-streams-per-session=-1", "--max-streams-per-client=-1", "--max-publishes=-1", "--max-publishes-per-client=-1", "--publish-idle-timeout=-1s", "--send-buffer=-1", "--shutdown-timeout=-1s", "--max-connection-age=-1s"} {
		want := strings.Replace(flag, "=", " ", 1) + ": must not be negative"
		if status, _, stderr := execute(t, "", "serve", "--listen", "127.0.0.1:0", flag); status != exitUsage || !strings.Contains(stderr, want) {
			t.Errorf("%s: status %d, %q", flag, status, stderr)
		}
	}
}

// A client of serve is an address with a token.
func TestServeLimitsOfClient(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(file, []byte("one\ntwo\nthree\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, url := serving(t, "--token-file", file, "--max-publishes", "2", "--max-publishes-per-client", "1", "--publish-idle-timeout", "2s", "--max-streams-per-client", "1")
	ask := func(method, token string, body io.Reader) *http.Response {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, url+"/stream?sessionId=s", body)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", token)
		req.Header.Set("Content-Type", "application/x-ndjson")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { res.Body.Close() })
		return res
	}
	const event = `{"event":"content","data":{"type":"content","content":"x"}}` + "\n"
	hold := func(token string) <-chan *http.Response {
		body, in := io.Pipe()
		t.Cleanup(func() { in.Close() })
		answered := make(chan *http.Response, 1)
		go func() { answered <- ask(http.MethodPost, token, body) }()
		_, _ = io.WriteString(in, event) // the server reads it after it started to
		return answered
	}
	one := hold("Bearer one")
	servertest.Until(t, "the first body has its place", func() bool {
		return ask(http.MethodPost, "bearer  one", strings.NewReader(event)).StatusCode == http.StatusTooManyRequests
	})
	if res := ask(http.MethodPost, "Bearer two", strings.NewReader(event)); res.StatusCode != http.StatusCreated {
		t.Errorf("another token: %s", res.Status)
	}
	two := hold("Bearer two")
	servertest.Until(t, "the second body has its place", func() bool {
		return ask(http.MethodPost, "Bearer three", strings.NewReader(event)).StatusCode == http.StatusServiceUnavailable
	})
	for _, answered := range []<-chan *http.Response{one, two} {
		if res := <-answered; res.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("a body without events: %s", res.Status)
		}
	}
	for _, c := range []struct {
		token  string
		status int
	}{{"Bearer one", 200}, {"Bearer one", 429}, {"Bearer two", 200}} {
		if res := ask(http.MethodGet, c.token, nil); res.StatusCode != c.status {
			t.Errorf("a stream with %s: %s", c.token, res.Status)
		}
	}
}

func TestServeTimes(t *testing.T) {
	_, url := serving(t, "--heartbeat", "50ms", "--max-connection-age", "1s")
	res, _ := get(t, http.MethodGet, url+"/stream?sessionId=a")
	body, err := io.ReadAll(res.Body) // to its end
	if err != nil || strings.Count(string(body), "event: heartbeat") < 2 {
		t.Errorf("got %q, error %v", body, err)
	}
	for _, c := range [][]string{
		{"--heartbeat", "0", "--heartbeat 0s: must be positive"},
		{"--heartbeat", "15ns", "--heartbeat 15ns: must be at least 1ms"},
		{"--max-connection-age", "1ns", "--max-connection-age 1ns: must be at least 1ms, or 0"},
		{"--publish-idle-timeout", "1us", "--publish-idle-timeout 1µs: must be at least 1ms, or 0"},
		{"--shutdown-timeout", "1ns", "--shutdown-timeout 1ns: must be at least 1ms, or 0"},
		{"--heartbeat", "15", `invalid argument "15" for "--heartbeat"`},
		{"--heartbeat", "9999999h", `invalid argument "9999999h" for "--heartbeat"`},
	} {
		if status, _, stderr := execute(t, "", "serve", "--listen", "127.0.0.1:0", c[0], c[1]); status != exitUsage || !strings.Contains(stderr, c[2]) {
			t.Errorf("%s %s: status %d, %q", c[0], c[1], status, stderr)
		}
	}
}

func TestServeTLS(t *testing.T) {
	dir := t.TempDir()
	roots := x509.NewCertPool()
	roots.AddCert(writePair(t, dir, 1, time.Hour))
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	_, url := serving(t, "--tls-cert", certFile, "--tls-key", keyFile)
	if !strings.HasPrefix(url, "https://") {
		t.Fatalf("the URL is %q", url)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/stream?sessionId=s", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK || res.ProtoMajor != 2 {
		t.Errorf("%s over %s", res.Status, res.Proto)
	}

	for want, args := range map[string][]string{
		"--tls-cert, --tls-key": {"--tls-cert", certFile, "--tls-key", certFile},
		"each needs the other":  {"--tls-cert", certFile},
	} {
		if status, _, stderr := execute(t, "", append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...); status != exitUsage || !strings.Contains(stderr, want) {
			t.Errorf("%v: status %d, %q", args, status, stderr)
		}
	}
}
