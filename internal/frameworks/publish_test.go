package frameworks_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/internal/frameworks/stdapi"
	"github.com/mixstream/mixstream/server"
)

// A client learns that an event was refused even if the answer was lost: the server publishes
// nothing of the body after it.
func TestRefusalAfterLostAnswer(t *testing.T) {
	everyone := func(*http.Request, string) error { return nil }
	srv, err := server.New(stdapi.OrderEvents, server.WithPublishAuthorizer(everyone))
	if err != nil {
		t.Fatal(err)
	}
	var requests atomic.Int32
	publisher := srv.PublishHandler()
	url, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1) == 1 {
			publisher.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler) // loses the answer
		}
		publisher.ServeHTTP(w, r)
	}))
	c, err := client.New(stdapi.OrderEvents, url, soon())
	if err != nil {
		t.Fatal(err)
	}
	p, err := c.Publisher(t.Context(), stdapi.OrderEventsRequest{OrderID: "7"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.PublishLines(ctxOf(t), []byte(`{"event":"order_shipped","data":{"parcel":1}}
{"event":"order_shipped","data":{"parcel":"none"}}
`))
	var refused *client.APIError
	if !errors.As(err, &refused) || refused.Published == nil || refused.Published.Line != 2 || refused.Published.Count != 1 {
		t.Errorf("got %v", err)
	}
	if errors.Is(err, client.ErrOutcomeUnknown) {
		t.Errorf("the outcome is said to be unknown: %v", err)
	}
}
