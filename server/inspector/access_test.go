package inspector_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"os/exec"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server/inspector"
)

// told is a handler that tells what it was asked.
var told = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, "%s %s %q", r.Method, r.URL.Path, r.Header.Get("Authorization"))
})

func serve(t *testing.T, opts ...inspector.Option) *httptest.Server {
	t.Helper()
	return servePage(t, gen.StreamEvents, told, opts...)
}

// servePage serves the page of an operation before a handler.
func servePage[P any, E any](t *testing.T, op contract.Operation[P, E], next http.Handler, opts ...inspector.Option) *httptest.Server {
	t.Helper()
	page, err := inspector.New(op, next, opts...)
	if err != nil {
		t.Fatal(err)
	}
	ts := httptest.NewServer(page)
	t.Cleanup(ts.Close)
	return ts
}

// ask makes a request with headers given as pairs.
func ask(t *testing.T, ts *httptest.Server, method, path string, headers ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, ts.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := ts.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

func TestFiles(t *testing.T) {
	ts := serve(t)
	for path, kind := range map[string]string{
		"/":                   "text/html; charset=utf-8",
		"/inspector/app.js":   "text/javascript; charset=utf-8",
		"/inspector/names.js": "text/javascript; charset=utf-8",
		"/inspector/icon.svg": "image/svg+xml",
		"/inspector/sessions": "application/json",
	} {
		res, body := ask(t, ts, http.MethodGet, path)
		if res.StatusCode != 200 || res.Header.Get("Content-Type") != kind || body == "" {
			t.Errorf("%s: %d %s", path, res.StatusCode, res.Header.Get("Content-Type"))
		}
		policy := res.Header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || strings.Contains(body, "http://") && kind != "image/svg+xml" || strings.Contains(body, "https://") {
			t.Errorf("%s: the policy is %q, or it refers to elsewhere", path, policy)
		}
		if strings.Contains(body, "<script>") || strings.Contains(body, " style=") || strings.Contains(body, "onclick=") || strings.Contains(body, "innerHTML") {
			t.Errorf("%s has a script or a style within", path)
		}
	}
	for _, path := range []string{"/stream", "/nothing", "/index.html"} {
		if _, body := ask(t, ts, http.MethodGet, path); body != `GET `+path+` ""` {
			t.Errorf("%s: %s", path, body)
		}
	}
	for _, path := range []string{"/inspector/nothing.js", "/inspector/"} {
		if res, body := ask(t, ts, http.MethodGet, path); res.StatusCode == 200 && !strings.HasPrefix(body, "GET ") {
			t.Errorf("%s: %d %s", path, res.StatusCode, body)
		}
	}
}

func TestBasePath(t *testing.T) {
	ts := serve(t, inspector.WithBasePath("/api"), inspector.WithSessions(func(r *http.Request) []string { return []string{"a", r.Header.Get("Authorization")} }))
	if res, body := ask(t, ts, http.MethodGet, "/api/"); res.StatusCode != 200 || !strings.Contains(body, `src="inspector/app.js"`) {
		t.Errorf("%d %s", res.StatusCode, body)
	}
	if res, _ := ask(t, ts, http.MethodGet, "/api/inspector/list.js"); res.StatusCode != 200 {
		t.Errorf("%d", res.StatusCode)
	}
	if _, body := ask(t, ts, http.MethodGet, "/"); body != `GET / ""` {
		t.Error(body)
	}
	res, _ := ask(t, ts, http.MethodPost, "/api/inspector/access", "Content-Type", "application/json", "Authorization", "Bearer x")
	cookie := res.Cookies()[0]
	if cookie.Path != "/api/" {
		t.Errorf("the cookie is for %s", cookie.Path)
	}
	if _, body := ask(t, ts, http.MethodGet, "/api/inspector/sessions", "Cookie", cookie.Name+"="+cookie.Value); body != `["a","Bearer x"]` {
		t.Error(body)
	}
	for _, base := range []string{"/", "api", "/api/", "/a/../b", "/{x}"} {
		if _, err := inspector.New(gen.StreamEvents, told, inspector.WithBasePath(base)); err == nil {
			t.Errorf("base path %q", base)
		}
	}
	if _, err := inspector.New(gen.StreamEvents, nil); err == nil {
		t.Error("a nil handler is accepted")
	}
}

// The cookie gives a stream of the page its credentials back, and nothing else.
func TestAccess(t *testing.T) {
	ts := serve(t)
	grant := []string{"Content-Type", "application/json", "Authorization", "Bearer sesame"}
	res, _ := ask(t, ts, http.MethodPost, "/inspector/access", grant...)
	if res.StatusCode != 204 || len(res.Cookies()) != 1 {
		t.Fatalf("%d %v", res.StatusCode, res.Cookies())
	}
	cookie := res.Cookies()[0]
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode || cookie.MaxAge != 600 || cookie.Path != "/" || strings.Contains(cookie.Value, "sesame") {
		t.Errorf("the cookie is %v", cookie)
	}
	with := cookie.Name + "=" + cookie.Value
	changed := cookie.Name + "=" + "A" + cookie.Value[1:]
	if cookie.Value[0] == 'A' {
		changed = cookie.Name + "=" + "B" + cookie.Value[1:]
	}
	for _, tc := range []struct {
		name, method string
		headers      []string
		want         string
	}{
		{"the page", "GET", []string{"Cookie", with, "Sec-Fetch-Site", "same-origin"}, `GET /stream "Bearer sesame"`},
		{"a page without fetch metadata", "GET", []string{"Cookie", with}, `GET /stream "Bearer sesame"`},
		{"its own credentials", "GET", []string{"Cookie", with, "Authorization", "Bearer own"}, `GET /stream "Bearer own"`},
		{"another port of the host", "GET", []string{"Cookie", with, "Sec-Fetch-Site", "same-site"}, `GET /stream ""`},
		{"another site", "GET", []string{"Cookie", with, "Sec-Fetch-Site", "cross-site"}, `GET /stream ""`},
		{"an address bar", "GET", []string{"Cookie", with, "Sec-Fetch-Site", "none"}, `GET /stream ""`},
		{"another origin", "GET", []string{"Cookie", with, "Origin", "http://evil.example"}, `GET /stream ""`},
		{"a publication", "POST", []string{"Cookie", with, "Sec-Fetch-Site", "same-origin"}, `POST /stream ""`},
		{"a changed cookie", "GET", []string{"Cookie", changed}, `GET /stream ""`},
		{"an invented cookie", "GET", []string{"Cookie", cookie.Name + "=Bearer"}, `GET /stream ""`},
	} {
		if _, body := ask(t, ts, tc.method, "/stream", tc.headers...); body != tc.want {
			t.Errorf("%s: %s", tc.name, body)
		}
	}
	// The cookie of another process is none.
	if _, body := ask(t, serve(t), http.MethodGet, "/stream", "Cookie", with); body != `GET /stream ""` {
		t.Error(body)
	}
	for name, headers := range map[string][]string{
		"a form":         {"Authorization", "Bearer sesame", "Content-Type", "text/plain"},
		"another origin": append([]string{"Origin", "http://evil.example"}, grant...),
		"another site":   append([]string{"Sec-Fetch-Site", "cross-site"}, grant...),
		"a long token":   {"Content-Type", "application/json", "Authorization", "Bearer " + strings.Repeat("x", 3000)},
	} {
		if res, _ := ask(t, ts, http.MethodPost, "/inspector/access", headers...); res.StatusCode < 400 || len(res.Cookies()) > 0 {
			t.Errorf("%s: %d %v", name, res.StatusCode, res.Cookies())
		}
	}
	res, _ = ask(t, ts, http.MethodPost, "/inspector/access", "Content-Type", "application/json")
	if len(res.Cookies()) != 1 || res.Cookies()[0].MaxAge >= 0 {
		t.Errorf("the cookie is not taken back: %v", res.Cookies())
	}
}

// The page imports downwards only.
func TestDependencies(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, dep := range strings.Fields(string(out)) {
		for _, banned := range []string{"nats", "kin-openapi", "opentelemetry", "chromedp", "mixstream/client", "mixstream/server\n", "mixstream/cmd"} {
			if strings.Contains(dep+"\n", banned) {
				t.Errorf("the page depends on %s", dep)
			}
		}
	}
}

// What is huge of a request is not repeated, also where a mux or a file server would
// redirect it.
func TestInspectorAnswersAreBounded(t *testing.T) {
	srv, err := mix.NewServer()
	if err != nil {
		t.Fatal(err)
	}
	ts := servePage(t, gen.StreamEvents, srv)
	huge := strings.Repeat("x", 100<<10)
	stay := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, target := range []string{"/" + huge, "//" + huge, "//inspector/app.js?" + huge, "/inspector/" + huge, "/inspector/index.html?" + huge,
		"/inspector/../" + huge, "/inspector/access?" + huge, "/stream/../stream?sessionId=" + huge, "/stream?sessionId=" + huge} {
		res, err := stay.Get(ts.URL + target)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := httputil.DumpResponse(res, true)
		if err != nil || len(answer) > 4<<10 {
			t.Errorf("%.40s is answered with %d bytes, error %v: %.300s", target, len(answer), err, answer)
		}
		res.Body.Close()
	}
}
