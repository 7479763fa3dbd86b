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

// A line may end its session in the middle of a body. A body under a key that has ended its
// session can be repeated, however it was cut, and no other body can.
func TestEndOverHTTP(t *testing.T) {
	type request struct {
		mediaType, key, body string
		status, count        int
	}
	for name, test := range map[string]struct {
		requests []request // those with the status 201 under one key have one answer
		events   int       // of the stream; negative: the session goes on
	}{
		"lines behind the end": {[]request{{ndjsonType, "", orderLine + orderLine + noteLine + orderLine, 404, 3}}, 3},
		"under a key":          {[]request{{ndjsonType, "k", orderLine + orderLine + noteLine + orderLine, 404, 3}}, 3},
		"repeated": {[]request{
			{ndjsonType, "k", orderLine + orderLine + noteLine, 201, 3},
			{ndjsonType, "k", orderLine + orderLine + noteLine, 201, 3},
			{ndjsonType, "k", orderLine + orderLine + noteLine, 201, 3},
			{ndjsonType, "k", orderLine + noteLine, 422, 0},
			{ndjsonType, "other", orderLine + orderLine + noteLine, 404, 0},
			{jsonType, "k", noteLine, 422, 0},
		}, 3},
		"repeated, alone": {[]request{{jsonType, "k", noteLine, 201, 1}, {jsonType, "k", noteLine, 201, 1}}, 1},
		// The second line is refused: the first is published, and the key stays open.
		"after a cut body":          {[]request{{ndjsonType, "k", orderLine + "nonsense\n", 400, 1}, {ndjsonType, "k", orderLine + noteLine, 201, 2}}, 2},
		"behind a body that is all": {[]request{{ndjsonType, "k", orderLine, 201, 1}, {ndjsonType, "k", orderLine + noteLine, 422, 1}}, -1},
	} {
		t.Run(name, func(t *testing.T) {
			logs(t, func(t *testing.T, log eventlog.Log) {
				if _, inMemory := log.(*eventlog.Memory); !inMemory && name == "under a key" {
					t.Skip("this log asks for the key before it looks for the end: the answer is 422")
				}
				srv, ts := newPublishedOrders(t, log)
				var first *publication
				last := ""
				for i, r := range test.requests {
					got := postTo(t, ts, orderSeven, r.mediaType, r.key, strings.NewReader(r.body))
					if got.status != r.status || got.count() != r.count {
						t.Fatalf("request %d: %v", i, got)
					}
					if r.status == http.StatusCreated {
						if first == nil {
							first = &got
						}
						if got.result != first.result {
							t.Errorf("request %d: %+v, and before %+v", i, got.result, first.result)
						}
					}
					if id := got.lastID(); id != "" {
						last = id
					}
				}
				if _, err := srv.Publish(t.Context(), "7", order("a")); errors.Is(err, eventlog.ErrSessionDeleted) != (test.events >= 0) {
					t.Errorf("publish after it: %v", err)
				}
				if test.events < 0 {
					return
				}
				text := ask(t, ts, orderSeven, "").rest()
				if strings.Count(text, "event: ") != test.events || !strings.HasSuffix(text, "id: "+last+"\n\ndata: [DONE]\n\n") {
					t.Errorf("the stream is %q", text)
				}
			})
		})
	}
}
