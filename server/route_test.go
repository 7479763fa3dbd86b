package server_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
)

func TestMethods(t *testing.T) {
	srv := servertest.NewServer(t)
	servertest.Publish(t, srv, "s", "")
	for _, method := range []string{"HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "get", "X"} {
		t.Run(method, func(t *testing.T) {
			rec := httptest.NewRecorder()
			srv.ServeHTTP(rec, httptest.NewRequest(method, "/stream?sessionId=s", nil))
			servertest.WantError(t, rec.Result(), http.StatusMethodNotAllowed, gen.RESTErrorTypeBadRequest)
			if allow := rec.Header().Get("Allow"); allow != "GET" {
				t.Errorf("Allow: %q", allow)
			}
		})
	}
}

func TestUnknownPaths(t *testing.T) {
	ts := servertest.Serve(t, servertest.NewServer(t))
	for _, path := range []string{"", "/", "/streams", "/stream/", "/stream/x", "/api/stream", "/STREAM"} {
		t.Run(path, func(t *testing.T) {
			servertest.WantError(t, servertest.Get(t, ts, ts.URL+path+"?sessionId=s"), http.StatusNotFound, gen.RESTErrorTypeNotFound)
		})
	}
}

// A server works below any path, by its own base path or by that of a mux.
func TestBasePath(t *testing.T) { servertest.BothModes(t, testBasePath) }

func testBasePath(t *testing.T, mode servertest.Mode) {
	srv := mode.NewServer(t)
	id := servertest.Publish(t, srv, "s", "")
	mux := http.NewServeMux()
	mux.Handle("/stream", srv)
	mux.Handle("/api/", http.StripPrefix("/api", srv))
	mux.Handle("/api/v1/", below(t, srv, "/api/v1"))
	mux.HandleFunc("/health", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	ts := servertest.Serve(t, mux)
	for _, prefix := range []string{"", "/api", "/api/v1"} {
		servertest.OpenURL(t, ts, ts.URL+prefix+"/stream?sessionId=s").Want("connected", id)
	}
	for _, path := range []string{"/api/other", "/api/v1/other"} {
		servertest.WantError(t, servertest.Get(t, ts, ts.URL+path), http.StatusNotFound, gen.RESTErrorTypeNotFound)
	}
	if res := servertest.Get(t, ts, ts.URL+"/health"); res.StatusCode != http.StatusTeapot {
		t.Errorf("the other route: %s", res.Status)
	}
}

// below returns the handler of a server whose paths begin with base.
func below(t testing.TB, srv *mix.Server, base string) http.Handler {
	t.Helper()
	h, err := srv.Handler(mix.HandlerOptions{BasePath: base})
	if err != nil {
		t.Fatal(err)
	}
	return h
}
