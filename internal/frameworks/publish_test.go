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

// A refused event is known to be refused, also after a request whose answer was lost: nothing
// of the body behind it is published.
func TestRefusalAfterLostAnswer(t *testing.T) {
	everyone := func(*http.Request, string) error { return nil }
	srv, err := server.New(stdapi.OrderEvents, server.WithPublishAuthorizer(everyone))
	if err != nil {
		t.Fatal(err)
	}
	var requests atomic.Int32
	publisher := srv.Publisher()
	url, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1) == 1 {
			publisher.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler) // the answer is lost
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
	var refused *client.PublishError
	if !errors.As(err, &refused) || refused.Line != 2 || refused.Count != 1 {
		t.Errorf("got %v", err)
	}
	if errors.Is(err, client.ErrOutcomeUnknown) {
		t.Errorf("the outcome is said to be unknown: %v", err)
	}
}
