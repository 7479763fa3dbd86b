package client_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/contract"
)

// orderPublisher publishes orders to a server that gives its answers in turn.
func orderPublisher(t *testing.T, answers ...string) (*publications, *client.Publisher[orderEvent]) {
	t.Helper()
	p := &publications{answers: answers}
	ts := httptest.NewServer(p)
	t.Cleanup(ts.Close)
	publisher, err := client.NewPublisher(orderEvents, ts.URL+"/orders/7/events?a=b", quick([]client.Option{client.WithHTTPClient(ts.Client())})...)
	if err != nil {
		t.Fatal(err)
	}
	return p, publisher
}

// A publisher publishes an event of any operation by its name, and once.
func TestPublisher(t *testing.T) {
	p, publisher := orderPublisher(t, "cut", published)
	id, err := publisher.Publish(t.Context(), &orderPlaced{Total: 5})
	if err != nil || id != "9" || p.last != `{"event":"placed","data":{"Total":5}}` || len(p.keys) != 2 || p.keys[0] != p.keys[1] || p.keys[0] == "" {
		t.Errorf("id %q, error %v, sent %s under %q", id, err, p.last, p.keys)
	}
	result, err := publisher.PublishLines(t.Context(), []byte("{}\n{}\n"), client.WithHeader("X-A", "1"))
	if want := (client.PublishResult{FirstID: "7", LastID: "9", Count: 2}); err != nil || result != want {
		t.Errorf("got %+v, %v", result, err)
	}
	for want, event := range map[error]orderEvent{contract.ErrNilEvent: nil, contract.ErrUnknownEvent: &orderUnknown{Name: "placed"}} {
		if _, err := publisher.Publish(t.Context(), event); !errors.Is(err, want) || errors.As(err, new(*client.APIError)) || !strings.HasPrefix(err.Error(), "client: publish: ") {
			t.Errorf("got %v, want %v", err, want)
		}
	}
	if len(p.keys) != 3 {
		t.Errorf("%d requests", len(p.keys))
	}
}

// The publisher of a client sends to the URL of the stream, through the request editors.
func TestClientPublisher(t *testing.T) {
	server := serve(t, answer(201, "application/json", `{"firstId":"7","lastId":"7","count":1}`))
	c, err := client.New(orderEvents, server.URL, client.WithRequestEditor(func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer x")
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	publisher, err := c.Publisher(t.Context(), orderParams{Order: "a/b", Kinds: []string{"x"}})
	if err != nil {
		t.Fatal(err)
	}
	if id, err := publisher.Publish(t.Context(), &orderPlaced{}); err != nil || id != "7" {
		t.Errorf("id %q, %v", id, err)
	}
	r := server.Requests()[0]
	if r.Method != http.MethodPost || r.URL.EscapedPath() != "/orders/a%2Fb/events" || r.URL.RawQuery != "kind=x" || r.Header.Get("Authorization") != "Bearer x" {
		t.Errorf("request %s %s %v", r.Method, r.URL, r.Header)
	}
	if _, err := c.Publisher(t.Context(), orderParams{}); err == nil {
		t.Error("a publisher to no session")
	}
}

// A problem that counts events has a Published, without WithErrors.
func TestPublisherRefused(t *testing.T) {
	server := serve(t, answer(400, problemType, `{"title":"Bad Request","detail":"line 3: no","count":2,"line":3,"lastId":"8"}`))
	publisher, err := client.NewPublisher(orderEvents, server.URL, quick(nil)...)
	if err != nil {
		t.Fatal(err)
	}
	_, err = publisher.PublishLines(t.Context(), []byte("{}\n"))
	var refused *client.APIError
	if !errors.As(err, &refused) || refused.Published == nil || refused.Published.Line != 3 || refused.Published.Count != 2 || refused.Published.LastID != "8" || refused.StatusCode != 400 ||
		!strings.HasSuffix(err.Error(), "line 3: no") || errors.Is(err, client.ErrOutcomeUnknown) {
		t.Errorf("error: %v", err)
	}
	if _, err := client.NewPublisher(orderEvents, "/orders"); err == nil || strings.Count(err.Error(), "client: ") != 1 {
		t.Errorf("a relative URL: %v", err)
	}
}

// After a lost answer, only a refusal of the event itself says that nothing more is published.
func TestPublisherOutcomeUnknown(t *testing.T) {
	for body, unknown := range map[string]bool{
		`400 {"count":0,"line":1,"invalid":true}`: false,
		`400 {"count":0,"line":1}`:                true,
		`401 {"detail":"no"}`:                     true,
	} {
		_, publisher := orderPublisher(t, "cut", body)
		if _, err := publisher.Publish(t.Context(), &orderPlaced{}); err == nil || errors.Is(err, client.ErrOutcomeUnknown) != unknown {
			t.Errorf("%s: %v", body, err)
		}
	}
	// A request that was not sent publishes nothing.
	_, publisher := orderPublisher(t, published)
	failing := client.WithRequestEditor(func(context.Context, *http.Request) error { return errors.New("no token") })
	_, err := publisher.Publish(t.Context(), &orderPlaced{}, failing, client.WithRetryPolicy(client.RetryPolicy{MaxAttempts: client.NoRetries}))
	if !errors.Is(err, client.ErrGaveUp) || errors.Is(err, client.ErrOutcomeUnknown) {
		t.Errorf("unsent: %v", err)
	}
}
