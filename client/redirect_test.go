package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/streamtest"
)

func redirect(code int, location string) streamtest.Script {
	return answer(code, "", "", "Location", location)
}

// secrets are credentials, in headers that are known for them and in others.
var secrets = []client.Option{
	client.WithHeader("X-Api-Key", "secret"),
	client.WithHeader("Authorization", "Bearer secret"),
	client.WithRequestEditor(func(_ context.Context, r *http.Request) error {
		r.Header.Set("Cookie", "a=secret")
		r.Header.Set("X-Token", "secret")
		return nil
	}),
}

var redirects = []int{301, 302, 303, 307, 308}

func TestRedirectToAnotherHost(t *testing.T) {
	for _, code := range redirects {
		other := serve(t, send(connected("7")+content("8", "a")), over)
		server := serve(t, redirect(code, other.URL+"/there"))
		wantFinished(t, server.stream("7", secrets...), "connected 7", "content 8")
		wantIDs(t, server, "7", "8")
		wantIDs(t, other, "7", "8")
		for _, r := range server.Requests() {
			if r.Header.Get("X-Api-Key") != "secret" || r.Header.Get("X-Token") != "secret" || r.Header.Get("Cookie") != "a=secret" {
				t.Errorf("%d: the first host was sent %v", code, r.Header)
			}
		}
		for _, r := range other.Requests() {
			keys := slices.Sorted(maps.Keys(r.Header))
			want := []string{"Accept", "Accept-Encoding", "Cache-Control", "Last-Event-Id", "User-Agent"}
			if r.Method != http.MethodGet || r.URL.Path != "/there" || !slices.Equal(keys, want) ||
				r.Header.Get("Accept") != "text/event-stream" || r.Header.Get("Accept-Encoding") != "identity" || r.Header.Get("Cache-Control") != "no-cache" {
				t.Errorf("%d: the other host was asked %s %s with %v", code, r.Method, r.URL, r.Header)
			}
		}
	}
}

func TestRedirectToTheSameHost(t *testing.T) {
	for _, code := range redirects {
		server := serve(t, redirect(code, "/there"), send(connected("7")+content("8", "a")), over)
		wantFinished(t, server.stream("7", secrets...), "connected 7", "content 8")
		if r := server.Requests()[1]; r.URL.Path != "/there" || r.Header.Get("Authorization") != "Bearer secret" || r.Header.Get("X-Token") != "secret" {
			t.Errorf("%d: %s with %v", code, r.URL, r.Header)
		}
		wantIDs(t, server, "7", "7", "8")
	}
}

// TestOrigins tells another origin from the same one.
func TestOrigins(t *testing.T) {
	tests := []struct {
		base string
		hops []string
		same bool
	}{
		{"https://a.example", []string{"https://a.example/x"}, true},
		{"https://a.example", []string{"https://a.example:443/x"}, true},
		{"http://a.example", []string{"https://a.example/x"}, true},
		{"https://a.example", []string{"https://A.Example/x"}, true},
		{"http://[::1]:8080", []string{"/x"}, true},
		{"https://a.example", []string{"http://a.example/x"}, false},
		{"https://a.example", []string{"https://a.example:8443/x"}, false},
		{"http://a.example:8080", []string{"https://a.example/x"}, false},
		{"https://a.example", []string{"https://sub.a.example/x"}, false},
		{"https://a.example", []string{"//b.example/x"}, false},
		{"https://a.example", []string{"https://b.example/x", "https://a.example/x"}, false},
	}
	for _, test := range tests {
		var last http.Header
		var steps []step
		for _, hop := range test.hops {
			steps = append(steps, status(302, "Location", hop))
		}
		f := fake(append(steps, func(r *http.Request) (*http.Response, error) {
			last = r.Header
			return status(204)(r)
		})...)
		s, err := f.openAt(t, test.base, secrets...)
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		if same := strings.Contains(fmt.Sprint(last), "secret"); same != test.same {
			t.Errorf("%s to %q: sent %v", test.base, test.hops, last)
		}
	}
}

// The redirects of TestBadRedirect end the stream, at first and later.
func TestBadRedirect(t *testing.T) {
	stop := errors.New("stopped")
	tests := []struct {
		name, location, want string
	}{
		{"empty", "", "302 Found"},
		{"no URL", "http://a b/%zz", "without a usable Location"},
		{"another scheme", "ftp://127.0.0.1/", "not an http or https URL"},
		{"no host", "http:///x", "not an http or https URL"},
		{"a loop", "/stream", "after 10 redirects"},
		{"refused", "/refused", "stopped"},
		{"not followed", "/last", "302 Found"},
	}
	for _, test := range tests {
		for _, first := range [][]streamtest.Script{nil, {send(connected("1"))}} {
			server := serve(t, append(first, redirect(302, test.location))...)
			hc := &http.Client{}
			if test.name == "refused" || test.name == "not followed" {
				hc.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
					if r.URL.Path == "/last" {
						return http.ErrUseLastResponse
					}
					return stop
				}
			}
			err := server.ended(client.WithHTTPClient(hc))
			var api *client.APIError
			if !errors.As(err, &api) || api.StatusCode != 302 || api.Request == nil || errors.Is(err, client.ErrGaveUp) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s: %v", test.name, err)
			}
			if test.name == "refused" != errors.Is(err, stop) {
				t.Errorf("%s: the policy's error is hidden: %v", test.name, err)
			}
			if n := len(server.Requests()); test.name != "a loop" && n != len(first)+1 {
				t.Errorf("%s: %d requests", test.name, n)
			}
		}
	}
}

// The CheckRedirect of TestOwnRedirectPolicy puts a header back for another host.
func TestOwnRedirectPolicy(t *testing.T) {
	other := serve(t, over)
	server := serve(t, redirect(302, other.URL))
	hc := &http.Client{CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if r.Header.Get("X-Token") != "" {
			t.Error("the policy is asked before the headers are withheld")
		}
		r.Header.Set("X-Token", via[0].Header.Get("X-Token"))
		return nil
	}}
	wantFinished(t, server.stream("", append(secrets, client.WithHTTPClient(hc))...))
	if h := other.Requests()[0].Header; h.Get("X-Token") != "secret" || h.Get("X-Api-Key") != "" {
		t.Errorf("sent %v", h)
	}
}

// The redirect of TestRedirectFails leads to a server that does not answer, which may pass.
func TestRedirectFails(t *testing.T) {
	gone := streamtest.NewServer()
	gone.Close()
	server := serve(t, redirect(307, gone.URL), raw("", streamtest.Cut()), over)
	wantFinished(t, server.stream("4"))
	if _, err := server.source("").Next(); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	wantIDs(t, server, "4", "4", "4", "-")
}
