package docs_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/docblock"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// publishingServer lets whoever has a token publish to the sessions of a team.
func publishingServer() *httptest.Server {
	mayPublish := func(r *http.Request, sessionID string) bool {
		return r.Header.Get("Authorization") == "Bearer of-the-agent" && strings.HasPrefix(sessionID, "session-")
	}
	srv, err := mix.NewServer(server.WithPublishAuthorizer(func(r *http.Request, sessionID string) error {
		if !mayPublish(r, sessionID) {
			return server.ErrForbidden
		}
		return nil
	}))
	if err != nil {
		panic(err)
	}
	return httptest.NewServer(srv)
}

// A program publishes, and is told why it may not.
func Example_publishing() {
	log.SetFlags(0)
	log.SetOutput(os.Stdout)
	defer log.SetOutput(os.Stderr)
	ctx := context.Background()
	ts := publishingServer()
	defer ts.Close()
	for _, text := range []string{"Hello", strings.Repeat("Hello", 250_000)} {
		c, err := mix.NewClient(ts.URL, client.WithHeader("Authorization", "Bearer of-the-agent"))
		if err != nil {
			panic(err)
		}
		id, err := c.Publish(ctx, "session-1", &gen.ContentData{Type: "content", Content: text})
		var refused *client.APIError
		if errors.As(err, &refused) && refused.Published != nil {
			log.Printf("%v; %d are in the log, to %q", refused.Err, refused.Published.Count, refused.Published.LastID)
		}
		fmt.Println(id != "", err == nil)
	}
	// Output:
	// true true
	// validation_error: line 1: the data is too large: 1250031 bytes, at most 1048576; 0 are in the log, to ""
	// false false
}

// TestRefusedPublication has the answer of the page for a third line without content.
func TestRefusedPublication(t *testing.T) {
	ts := publishingServer()
	defer ts.Close()
	good := `{"event":"content","data":{"type":"content","content":"Hello"}}` + "\n"
	lines := good + good + `{"event":"content","data":{"type":"content"}}` + "\n"
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, ts.URL+"/stream?sessionId=session-1", strings.NewReader(lines))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-ndjson")
	r.Header.Set("Authorization", "Bearer of-the-agent")
	res, err := ts.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var got map[string]any
	if err := json.NewDecoder(res.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	var want map[string]any
	if err := json.Unmarshal([]byte(docblock.Of(t, "publishing.md")[0].Text), &want); err != nil {
		t.Fatal(err)
	}
	if id, _ := got["lastId"].(string); id == "" {
		t.Error("the answer has no lastId")
	}
	got["lastId"] = want["lastId"] // which comes from the clock
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the server answers %v", got)
	}
}
