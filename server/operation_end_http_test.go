package server_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

// lineOf returns a line that publishes an event of the foreign contract.
func lineOf(name, data string) string { return fmt.Sprintf("{\"event\":%q,\"data\":%s}\n", name, data) }

var (
	orderLine = lineOf("placed", `{"id":"a","lines":[]}`)
	noteLine  = lineOf("note", `"bye"`)
)

func postOrder(t *testing.T, ts *httptest.Server, contentType, key, body string) publication {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, ts.URL+orderSeven, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", contentType)
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	return send(t, ts, r)
}

// newPublishedOrders returns a server that takes orders over HTTP.
func newPublishedOrders(t *testing.T, log eventlog.Log) (*server.Server[fact], *httptest.Server) {
	srv := newForeign(t, servertest.Detached, noted(orderEvents), server.WithLog(log), everyonePublishes)
	return srv, servertest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			srv.PublishHandler().ServeHTTP(w, r)
			return
		}
		srv.ServeHTTP(w, r)
	}))
}

// A line may end the session in the middle of a body. The server refuses the lines behind
// it.
func TestLinesEndSession(t *testing.T) {
	for _, key := range []string{"", "k"} {
		_, ts := newPublishedOrders(t, eventlog.NewMemory(eventlog.Retention{}))
		got := postOrder(t, ts, ndjsonType, key, orderLine+orderLine+noteLine+orderLine)
		if got.status != http.StatusNotFound || got.Count == nil || *got.Count != 3 {
			t.Fatalf("key %q: %+v", key, got)
		}
		text := ask(t, ts, orderSeven, "").rest()
		if strings.Count(text, "event: placed") != 2 || !strings.HasSuffix(text, "id: "+got.lastID()+"\n\ndata: [DONE]\n\n") {
			t.Errorf("key %q: %q", key, text)
		}
	}
}

// A body under a key that has ended its session can be repeated, however it was cut.
func TestRepeatedEnd(t *testing.T) {
	logs(t, func(t *testing.T, log eventlog.Log) {
		_, ts := newPublishedOrders(t, log)
		body := orderLine + orderLine + noteLine
		first := postOrder(t, ts, ndjsonType, "k", body)
		if first.status != http.StatusCreated || first.result.Count != 3 {
			t.Fatalf("%+v", first)
		}
		for range 2 {
			if again := postOrder(t, ts, ndjsonType, "k", body); again.status != http.StatusCreated || again.result != first.result {
				t.Errorf("repeated: %+v, want %+v", again, first.result)
			}
		}
		if got := postOrder(t, ts, ndjsonType, "k", orderLine+noteLine); got.status != http.StatusUnprocessableEntity {
			t.Errorf("another body: %+v", got)
		}
		if got := postOrder(t, ts, ndjsonType, "other", body); got.status != http.StatusNotFound || got.Count != nil && *got.Count != 0 {
			t.Errorf("another key: %+v", got)
		}
		if got := postOrder(t, ts, jsonType, "k", noteLine); got.status != http.StatusUnprocessableEntity {
			t.Errorf("another kind: %+v", got)
		}
		if text := ask(t, ts, orderSeven, "").rest(); strings.Count(text, "event: ") != 3 {
			t.Errorf("the stream is %q", text)
		}
	})
}

func TestRepeatedEndAlone(t *testing.T) {
	logs(t, func(t *testing.T, log eventlog.Log) {
		srv, ts := newPublishedOrders(t, log)
		first := postOrder(t, ts, jsonType, "k", noteLine)
		if first.status != http.StatusCreated || first.result.Count != 1 {
			t.Fatalf("%+v", first)
		}
		if again := postOrder(t, ts, jsonType, "k", noteLine); again.status != http.StatusCreated || again.result != first.result {
			t.Errorf("repeated: %+v, want %+v", again, first.result)
		}
		if _, err := srv.Publish(t.Context(), "7", order("a")); !errors.Is(err, eventlog.ErrSessionDeleted) {
			t.Errorf("publish after the end: %v", err)
		}
	})
}

// A request that brings the end does not publish again what a cut request under its key
// has published.
func TestEndAfterCutBody(t *testing.T) {
	logs(t, func(t *testing.T, log eventlog.Log) {
		_, ts := newPublishedOrders(t, log)
		// The second line is refused: the first is published and the key stays open.
		if got := postOrder(t, ts, ndjsonType, "k", orderLine+"nonsense\n"); got.status != http.StatusBadRequest || *got.Count != 1 {
			t.Fatalf("%+v", got)
		}
		got := postOrder(t, ts, ndjsonType, "k", orderLine+noteLine)
		if got.status != http.StatusCreated || got.result.Count != 2 {
			t.Fatalf("%+v", got)
		}
		text := ask(t, ts, orderSeven, "").rest()
		if strings.Count(text, "event: placed") != 1 || !strings.HasSuffix(text, "id: "+got.lastID()+"\n\ndata: [DONE]\n\n") {
			t.Errorf("the stream is %q", text)
		}
	})
}

// A body that was published whole cannot be repeated with an end behind it.
func TestEndUnderUsedKey(t *testing.T) {
	logs(t, func(t *testing.T, log eventlog.Log) {
		srv, ts := newPublishedOrders(t, log)
		if got := postOrder(t, ts, ndjsonType, "k", orderLine); got.status != http.StatusCreated {
			t.Fatalf("%+v", got)
		}
		if got := postOrder(t, ts, ndjsonType, "k", orderLine+noteLine); got.status != http.StatusUnprocessableEntity {
			t.Errorf("%+v", got)
		}
		if _, err := srv.Publish(t.Context(), "7", order("a")); err != nil {
			t.Errorf("the session has ended: %v", err)
		}
	})
}
