package inspector_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server/inspector"
)

// The page stands before the server of the streams, and hands on what is not its own.
func ExampleNew() {
	srv, err := mix.NewServer()
	if err != nil {
		panic(err)
	}
	page, err := inspector.New(gen.StreamEvents, srv, inspector.WithSessions(func(*http.Request) []string { return []string{"session-1"} }))
	if err != nil {
		panic(err)
	}
	ts := httptest.NewServer(page)
	defer ts.Close()

	for _, path := range []string{"/", "/stream"} {
		res, err := http.Get(ts.URL + path)
		if err != nil {
			panic(err)
		}
		body, err := io.ReadAll(res.Body)
		if err != nil {
			panic(err)
		}
		res.Body.Close()
		fmt.Println(path, res.StatusCode, strings.Contains(string(body), "mixstream inspector"))
	}
	// Output:
	// / 200 true
	// /stream 400 false
}
