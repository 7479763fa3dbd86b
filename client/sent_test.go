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
	var posts atomic.Int32
	var server *httptest.Server
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if posts.Add(1) == 1 {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		server.Listener.Close()
		panic(http.ErrAbortHandler)
	}))
	defer server.Close()
	c, err := client.New(createAnswer, server.URL, client.WithHTTPClient(&http.Client{Transport: &http.Transport{}}),
		client.WithHeader("Idempotency-Key", "k"), client.WithRetryPolicy(client.RetryPolicy{MaxAttempts: 2, InitialInterval: time.Millisecond}))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		_, err = c.Open(t.Context(), answerParams{Prompt: "hi"})
	}
	if !errors.Is(err, client.ErrNotResumable) {
		t.Errorf("error: %v", err)
	}
}

// The same holds for a request that publishes.
func TestDialAfterAnEventThatArrivedLeavesItUnknown(t *testing.T) {
	var posts atomic.Int32
	var server *httptest.Server
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if posts.Add(1) == 1 {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		server.Listener.Close()
		panic(http.ErrAbortHandler)
	}))
	defer server.Close()
	p, err := client.NewPublisher(orderEvents, server.URL, client.WithHTTPClient(&http.Client{Transport: &http.Transport{}}),
		client.WithRetryPolicy(client.RetryPolicy{MaxAttempts: 2, InitialInterval: time.Millisecond}))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		_, err = p.Publish(t.Context(), &orderPlaced{Total: 5})
	}
	if !errors.Is(err, client.ErrOutcomeUnknown) {
		t.Errorf("error: %v", err)
	}
}
