package server_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// A backend in any language publishes over HTTP, if the server is told which may.
func ExampleWithPublishAuthorizer() {
	srv, err := mix.NewServer(server.WithPublishAuthorizer(func(r *http.Request, _ string) error {
		if r.Header.Get("Authorization") != "Bearer of-the-agent" {
			return server.ErrUnauthorized
		}
		return nil
	}))
	if err != nil {
		panic(err)
	}
	ts := httptest.NewServer(srv)
	defer ts.Close()

	events := `{"event":"content","data":{"type":"content","content":"Hello"}}
{"event":"complete","data":{"type":"complete"}}
`
	r, err := http.NewRequest(http.MethodPost, ts.URL+"/stream?sessionId=s1", strings.NewReader(events))
	if err != nil {
		panic(err)
	}
	r.Header.Set("Authorization", "Bearer of-the-agent")
	r.Header.Set("Content-Type", "application/x-ndjson")
	r.Header.Set("Idempotency-Key", "turn-1")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		panic(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		panic(err)
	}
	before, _, _ := bytes.Cut(body, []byte(`,"lastId"`)) // which is another each time
	fmt.Printf("%d %s…\n", res.StatusCode, before)
	// Output:
	// 400 {"count":1,"error":{"code":400,"message":"line 2: \"complete\": data: \"done\" is required","type":"validation_error"}…
}
