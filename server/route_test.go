package server_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/mixstream/mixstream/gen"
)

func TestMethods(t *testing.T) {
	srv := newServer(t)
	publish(t, srv, "s", "")
	for _, method := range []string{"HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "get", "X"} {
		t.Run(method, func(t *testing.T) {
			rec := httptest.NewRecorder()
			srv.ServeHTTP(rec, httptest.NewRequest(method, "/stream?sessionId=s", nil))
			wantError(t, rec.Result(), http.StatusMethodNotAllowed, gen.RESTErrorTypeBadRequest)
			if allow := rec.Header().Get("Allow"); allow != "GET" {
				t.Errorf("Allow: %q", allow)
			}
		})
	}
}

// HEAD and OPTIONS over a socket: answered at once, without a stream.
func TestMethodsOverSocket(t *testing.T) {
	srv := newServer(t)
	ts := serve(t, srv)
	publish(t, srv, "s", "")
	for _, method := range []string{http.MethodHead, http.MethodOptions, http.MethodPost} {
		req, err := http.NewRequestWithContext(t.Context(), method, streamURL(ts, "s"), nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := ts.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusMethodNotAllowed || res.Header.Get("Allow") != "GET" {
			t.Errorf("%s: %s, Allow: %q", method, res.Status, res.Header.Get("Allow"))
		}
	}
}

func TestUnknownPaths(t *testing.T) {
	ts := serve(t, newServer(t))
	for _, path := range []string{"", "/", "/streams", "/stream/", "/stream/x", "/api/stream", "/STREAM"} {
		t.Run(path, func(t *testing.T) {
			wantError(t, get(t, ts, ts.URL+path+"?sessionId=s"), http.StatusNotFound, gen.RESTErrorTypeNotFound)
		})
	}
}

func TestBasePath(t *testing.T) {
	srv := newServer(t)
	id := publish(t, srv, "s", "")
	mux := http.NewServeMux()
	mux.Handle("/api/v1/", below(t, srv, "/api/v1"))
	mux.HandleFunc("/health", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	ts := serve(t, mux)
	openURL(t, ts, ts.URL+"/api/v1/stream?sessionId=s").want("connected", id)
	wantError(t, get(t, ts, ts.URL+"/api/v1/other"), http.StatusNotFound, gen.RESTErrorTypeNotFound)
	if res := get(t, ts, ts.URL+"/health"); res.StatusCode != http.StatusTeapot {
		t.Errorf("the other route: %s", res.Status)
	}
}

func TestMountedInMux(t *testing.T) {
	srv := newServer(t)
	id := publish(t, srv, "s", "")
	mux := http.NewServeMux()
	mux.Handle("/stream", srv)
	mux.Handle("/api/", http.StripPrefix("/api", srv))
	mux.HandleFunc("/health", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	ts := serve(t, mux)
	for _, prefix := range []string{"", "/api"} {
		openURL(t, ts, ts.URL+prefix+"/stream?sessionId=s").want("connected", id)
	}
	wantError(t, get(t, ts, ts.URL+"/api/other"), http.StatusNotFound, gen.RESTErrorTypeNotFound)
	if res := get(t, ts, ts.URL+"/health"); res.StatusCode != http.StatusTeapot {
		t.Errorf("the other route: %s", res.Status)
	}
}
