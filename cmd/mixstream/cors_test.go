package main

import (
	"net/http"
	"strings"
	"testing"
)

func TestCrossOrigin(t *testing.T) {
	const page, other = "https://app.example.com", "https://evil.example"
	t.Setenv(tokenVariable, "dave")
	_, url := serving(t, "--cors-origin", page, "--cors-origin", "http://localhost:3000", "--cors-credentials")
	url += "/stream?sessionId=s1"
	preflight := func(origin, method, headers string) http.Header {
		res, _ := get(t, http.MethodOptions, url, "Origin", origin, "Access-Control-Request-Method", method, "Access-Control-Request-Headers", headers)
		return res.Header
	}
	for _, origin := range []string{page, "http://localhost:3000"} {
		h := preflight(origin, "GET", "authorization,last-event-id")
		if h.Get("Access-Control-Allow-Origin") != origin || h.Get("Access-Control-Allow-Methods") != "GET" ||
			h.Get("Access-Control-Allow-Headers") != "authorization,last-event-id" || h.Get("Access-Control-Allow-Credentials") != "true" {
			t.Errorf("%s: preflight answered with %v", origin, h)
		}
	}
	for name, h := range map[string]http.Header{
		"another origin": preflight(other, "GET", "last-event-id"),
		"another method": preflight(page, "POST", "last-event-id"),
		"another header": preflight(page, "GET", "x-other"),
	} {
		if h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: preflight answered with %v", name, h)
		}
	}

	// The page can also read the answer itself, even a refusal.
	for authorization, want := range map[string]int{"Bearer dave": 200, "": 401} {
		res, _ := get(t, http.MethodGet, url, "Origin", page, "Authorization", authorization, "Last-Event-ID", "0")
		h := res.Header
		if res.StatusCode != want || h.Get("Access-Control-Allow-Origin") != page || h.Get("Access-Control-Expose-Headers") != "Retry-After" || h.Get("Vary") != "Origin" {
			t.Errorf("%s, %v", res.Status, h)
		}
	}
	if res, _ := get(t, http.MethodGet, url, "Origin", other, "Authorization", "Bearer dave"); res.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("another origin: %v", res.Header)
	}
}

// No page may read the operators' paths, even if it may read the streams.
func TestNoCrossOriginForOperators(t *testing.T) {
	_, url := serving(t, "--cors-origin", "*")
	for _, path := range []string{"/healthz", "/readyz", "/metrics", "/openapi.yaml"} {
		res, _ := get(t, http.MethodGet, url+path, "Origin", "https://anywhere.example")
		if h := res.Header.Get("Access-Control-Allow-Origin"); h != "" || res.StatusCode != http.StatusOK {
			t.Errorf("%s: %s, allowed to %q", path, res.Status, h)
		}
	}
}

func TestCrossOriginWildcard(t *testing.T) {
	_, url := serving(t, "--cors-origin", "*")
	res, _ := get(t, http.MethodGet, url+"/stream?sessionId=s1", "Origin", "https://anywhere.example")
	if h := res.Header; h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("got %v", h)
	}
}

func TestNoCrossOriginByDefault(t *testing.T) {
	_, url := serving(t)
	res, _ := get(t, http.MethodGet, url+"/stream?sessionId=s1", "Origin", "https://anywhere.example")
	if h := res.Header.Get("Access-Control-Allow-Origin"); h != "" {
		t.Errorf("got %q", h)
	}
}

func TestBadOrigins(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"--cors-origin=* --cors-credentials", "no wildcard with --cors-credentials"},
		{"--cors-origin=https://*.example.com --cors-credentials", "no wildcard with --cors-credentials"},
		{"--cors-credentials", "set --cors-origin, too"},
		{"--cors-origin=", "not an origin"},
		{"--cors-origin=null", "not an origin"},
		{"--cors-origin=app.example.com", "not an origin"},
		{"--cors-origin=https://app.example.com/", "not an origin"},
		{"--cors-origin=https://user@app.example.com", "not an origin"},
	} {
		status, _, stderr := execute(t, "", append([]string{"serve", "--listen", "127.0.0.1:0"}, strings.Fields(c.args)...)...)
		if status != exitUsage || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: status %d, %q", c.args, status, stderr)
		}
	}
}
