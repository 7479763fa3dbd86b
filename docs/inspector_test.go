package docs_test

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

// The inspector is mounted where the streams are.
func Example_inspector() {
	latestSessions := func(*http.Request) []string { return []string{"session-1"} }
	mux := http.NewServeMux()
	srv, err := mix.NewServer()
	if err != nil {
		panic(err)
	}
	page, err := inspector.New(gen.StreamEvents, srv, inspector.WithAgentView(), inspector.WithSessions(func(r *http.Request) []string {
		return latestSessions(r) // only what the request may read
	}))
	if err != nil {
		panic(err)
	}
	mux.Handle("/", page)

	ts := httptest.NewServer(mux)
	defer ts.Close()
	res, err := ts.Client().Get(ts.URL)
	if err != nil {
		panic(err)
	}
	defer res.Body.Close()
	html, err := io.ReadAll(res.Body)
	fmt.Println(res.Status, strings.Contains(string(html), "<title>mixstream inspector</title>"), err)
	// Output: 200 OK true <nil>
}
