package docs_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/go-chi/chi/v5"
	"github.com/klauspost/compress/gzhttp"

	"github.com/mixstream/mixstream/mix"
)

// A middleware that compresses leaves the streams out.
func Example_compression() {
	compress, err :=
		gzhttp.NewWrapper(gzhttp.ExceptContentTypes([]string{"text/event-stream"}))
	if err != nil {
		panic(err)
	}
	for _, contentType := range []string{"text/event-stream", "text/plain"} {
		handler := compress(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			_, _ = w.Write(make([]byte, 4096))
		}))
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Accept-Encoding", "gzip")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		fmt.Printf("%s %q\n", contentType, w.Header().Get("Content-Encoding"))
	}
	// Output:
	// text/event-stream ""
	// text/plain "gzip"
}

// A router of chi has the server below a path.
func Example_chi() {
	srv, err := mix.NewServer()
	if err != nil {
		panic(err)
	}
	h, err := srv.Handler(mix.HandlerOptions{BasePath: "/api/v1"})
	if err != nil {
		panic(err)
	}
	r := chi.NewRouter()
	r.Mount("/api/v1", h)

	w := httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/v1/stream?sessionId=nobody", nil))
	fmt.Println(w.Body)
	// Output: {"error":{"code":404,"message":"session \"nobody\" does not exist","type":"not_found"}}
}
