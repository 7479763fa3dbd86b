package client_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixstream/mixstream/client"
)

// net/http sends a request with an Idempotency-Key again by itself. If no server listens then,
// that says nothing about the request that had arrived.
func TestDialAfterARequestThatArrivedIsNoFailureToSend(t *testing.T) {
	opts := []client.Option{client.WithRetryPolicy(client.RetryPolicy{MaxAttempts: 2, InitialInterval: time.Millisecond})}
	for name, test := range map[string]struct {
		call func(url string) error
		want error
	}{
		"a POST": {func(url string) error {
			c, err := client.New(createAnswer, url, append(opts, client.WithHeader("Idempotency-Key", "k"))...)
			if err == nil {
				_, err = c.Open(t.Context(), answerParams{Prompt: "hi"})
			}
			return err
		}, client.ErrNotResumable},
		"an event": {func(url string) error {
			p, err := client.NewPublisher(orderEvents, url, opts...)
			if err == nil {
				_, err = p.Publish(t.Context(), &orderPlaced{Total: 5})
			}
			return err
		}, client.ErrOutcomeUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			opts = append(opts, client.WithHTTPClient(&http.Client{Transport: &http.Transport{}}))
			var posts atomic.Int32
			var server *httptest.Server
			server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if posts.Add(1) == 1 {
					w.WriteHeader(http.StatusBadRequest)
					return
				}
				server.Listener.Close()
				panic(http.ErrAbortHandler)
			}))
			defer server.Close()
			var err error
			for range 2 { // the second call takes the connection of the first
				err = test.call(server.URL)
			}
			if !errors.Is(err, test.want) {
				t.Errorf("error: %v, want %v", err, test.want)
			}
		})
	}
}
