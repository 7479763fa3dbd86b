package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/sse"
)

// start runs the program, and returns its base URL.
func start(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx, listener) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	return "http://" + listener.Addr().String()
}

// page sends the request of a page of an origin, with the cookie of a login.
func page(t *testing.T, origin, method, target, cookie string, header ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Origin", origin)
	if cookie != "" {
		r.Header.Set("Cookie", cookie)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	transport := new(http.Transport)
	t.Cleanup(transport.CloseIdleConnections)
	res, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	return res
}

func login(t *testing.T, base, user string) (cookie string) {
	t.Helper()
	res := page(t, pageOrigin, http.MethodPost, base+"/login?user="+user, "")
	if res.StatusCode != http.StatusNoContent || len(res.Cookies()) != 1 {
		t.Fatalf("login: %s, %v", res.Status, res.Header)
	}
	c := res.Cookies()[0]
	return c.Name + "=" + c.Value
}

func stream(base, session string) string {
	return base + "/stream?sessionId=" + url.QueryEscape(session)
}

func TestPreflight(t *testing.T) {
	base := start(t)
	for _, tt := range []struct {
		name, origin, method, headers string
		allowed                       bool
	}{
		{"resume", pageOrigin, "GET", "last-event-id", true},
		{"another origin", "http://localhost:3001", "GET", "last-event-id", false},
		{"another header", pageOrigin, "GET", "x-other", false},
		{"another method", pageOrigin, "DELETE", "last-event-id", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := page(t, tt.origin, http.MethodOptions, stream(base, "alice/1"), "",
				"Access-Control-Request-Method", tt.method, "Access-Control-Request-Headers", tt.headers)
			h := res.Header
			allowed := h.Get("Access-Control-Allow-Origin") == pageOrigin && h.Get("Access-Control-Allow-Credentials") == "true" &&
				h.Get("Access-Control-Allow-Headers") == tt.headers && h.Get("Access-Control-Allow-Methods") == tt.method
			if allowed != tt.allowed || !allowed && h.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s, %v", res.Status, h)
			}
		})
	}
}

func TestStream(t *testing.T) {
	base := start(t)
	alice, bob := login(t, base, "alice"), login(t, base, "bob")
	for _, tt := range []struct {
		name, cookie, session string
		status                int
	}{
		{"own session", alice, "alice/1", 200},
		{"another's session", bob, "alice/1", 403},
		{"a name that begins the same", alice, "alice2/1", 403},
		{"not logged in", "", "alice/1", 401},
		{"forged", cookieName + "=alice", "alice/1", 401},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := page(t, pageOrigin, http.MethodGet, stream(base, tt.session), tt.cookie)
			// The page can read every answer, including refusals.
			if h := res.Header; res.StatusCode != tt.status || h.Get("Access-Control-Allow-Origin") != pageOrigin || h.Get("Access-Control-Allow-Credentials") != "true" {
				t.Fatalf("%s, %v", res.Status, h)
			}
			if tt.status == http.StatusOK {
				if e, err := sse.NewDecoder(res.Body).Next(); err != nil || e.Name != "connected" {
					t.Errorf("got %s, %v", e.Name, err)
				}
				return
			}
			body, err := io.ReadAll(res.Body)
			if err != nil || !strings.Contains(string(body), `"error"`) {
				t.Errorf("got %s, %v", body, err)
			}
		})
	}
	if h := page(t, "http://evil.example", http.MethodGet, stream(base, "alice/1"), alice).Header; h.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("a page of another origin may read: %v", h)
	}
}

func TestLogout(t *testing.T) {
	base := start(t)
	alice := login(t, base, "alice")
	page(t, pageOrigin, http.MethodPost, base+"/logout", alice)
	if res := page(t, pageOrigin, http.MethodGet, stream(base, "alice/1"), alice); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("got %s", res.Status)
	}
}
