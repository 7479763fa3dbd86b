package cleanpath_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/mixstream/mixstream/internal/cleanpath"
)

func TestIs(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(http.ResponseWriter, *http.Request) {})
	for _, p := range []string{"", "*", "a", "/", "//", "/a", "/a/", "/a//", "//a", "/a/b", "/a//b", "/a/./b", "/a/.", "/./a", "/a/..", "/a/../b", "/..", "/...", "/a/.../b", "/a/ /b", "/%2e", "/a\x00/é"} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, &http.Request{Method: http.MethodGet, URL: &url.URL{Path: p}})
		if got, want := cleanpath.Is(p), w.Code == http.StatusOK; got != want {
			t.Errorf("%q: %v, and a mux answers %d", p, got, w.Code)
		}
	}
}
