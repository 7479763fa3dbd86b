package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/gen"
)

// agent is a server whose first stream is cut in the middle of an event.
func agent() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		switch r.Header.Get("Last-Event-ID") {
		case "":
			io.WriteString(w, "event: connected\nretry: 1\ndata: {\"sessionId\":\"s1\"}\nid: 1\n\n"+
				"event: content\ndata: {\"type\":\"content\",\"content\":\"Hello, \"}\nid: 2\n\n"+
				"event: content\ndata: {\"type\":\"content\",\"cont")
		case "2":
			io.WriteString(w, "event: content\ndata: {\"type\":\"content\",\"content\":\"world\"}\nid: 3\n\n"+
				"event: complete\ndata: {\"type\":\"complete\",\"done\":true}\nid: 4\n\n")
		}
	}))
}

func ExampleClient_StreamEvents() {
	server := agent()
	defer server.Close()

	c, err := client.New(server.URL)
	if err != nil {
		log.Fatal(err)
	}
	stream, err := c.StreamEvents(context.Background(), "s1", nil, client.UntilComplete())
	var refused *client.ErrorResponse
	if errors.As(err, &refused) && refused.Type == gen.RESTErrorTypeNotFound {
		log.Fatal("no such session")
	} else if err != nil {
		log.Fatal(err)
	}
	defer stream.Close()
	for stream.Next() {
		switch data := stream.Event().Data.(type) {
		case *gen.ContentData:
			fmt.Printf("%s %q\n", stream.LastEventID(), data.Content)
		case *gen.CompleteData:
			fmt.Println(stream.LastEventID(), "done:", data.Done)
		case *gen.UnknownEvent:
			fmt.Println(stream.LastEventID(), "unknown:", data.Name)
		}
	}
	fmt.Println("error:", stream.Err())
	// Output:
	// 2 "Hello, "
	// 3 "world"
	// 4 done: true
	// error: <nil>
}

func ExampleStream_All() {
	server := agent()
	defer server.Close()

	c, err := client.New(server.URL, client.WithRetryPolicy(client.RetryPolicy{InitialInterval: 10 * time.Millisecond}))
	if err != nil {
		log.Fatal(err)
	}
	stream, err := c.StreamEvents(context.Background(), "s1", nil, client.UntilComplete())
	if err != nil {
		log.Fatal(err)
	}
	defer stream.Close()
	var gap *client.GapError
	for event, err := range stream.All() {
		switch {
		case errors.As(err, &gap):
			log.Fatalf("events are missing; go on after %s", gap.ResumeFrom)
		case err != nil:
			log.Fatal(err)
		}
		fmt.Println(event.ID, event.Name)
	}
	// Output:
	// 1 connected
	// 2 content
	// 3 content
	// 4 complete
}

func ExampleSource() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Last-Event-ID") == "2" {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		prompt, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprintf(w, "retry: 1\nid: 1\ndata: you said\n\nid: 2\ndata: %s\n\n", prompt)
	}))
	defer server.Close()

	source := client.NewSource(context.Background(), "", func(ctx context.Context, lastEventID string) (*http.Response, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL, strings.NewReader("hello"))
		if err != nil {
			return nil, err
		}
		if lastEventID != "" {
			r.Header.Set("Last-Event-ID", lastEventID)
		}
		return http.DefaultClient.Do(r)
	})
	defer source.Close()
	for {
		event, err := source.Next()
		if err == io.EOF {
			fmt.Println("nothing more")
			return
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s: %s\n", event.ID, event.Data)
	}
	// Output:
	// 1: you said
	// 2: hello
	// nothing more
}
