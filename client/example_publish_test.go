package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/streamtest"
)

// The client repeats a failed attempt under one key. The event is published once, even if the
// first attempt succeeded unseen.
func Example_publish() {
	ts := streamtest.NewServer(
		streamtest.Script{streamtest.Cut()},
		streamtest.Script{streamtest.Answer(http.StatusCreated, `{"firstId":"17","lastId":"17","count":1}`)},
	)
	defer ts.Close()
	c, err := mix.NewClient(ts.URL, soon)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()

	id, err := c.Publish(ctx, "s1", &gen.ContentData{Type: "content", Content: "Hello"})
	fmt.Println(id, err)
	requests := ts.Requests()
	fmt.Println(len(requests), requests[0].Header.Get("Idempotency-Key") == requests[1].Header.Get("Idempotency-Key"))
	// Output:
	// 17 <nil>
	// 2 true
}

// If the server refuses a line, the error tells which one, and what was published before it.
func ExampleAPIError_published() {
	ts := streamtest.NewServer(streamtest.Script{streamtest.Answer(http.StatusBadRequest,
		`{"error":{"code":400,"type":"validation_error","message":"line 2: not an event"},"line":2,"count":1,"lastId":"18"}`,
		"Content-Type", "application/json")})
	defer ts.Close()
	c, err := mix.NewClient(ts.URL)
	if err != nil {
		fmt.Println(err)
		return
	}

	lines := `{"event":"complete","data":{"type":"complete","done":true}}` + "\nnonsense\n"
	_, err = c.PublishLines(context.Background(), "s1", []byte(lines))
	var refused *client.APIError
	if errors.As(err, &refused) && refused.Published != nil {
		fmt.Printf("%v; %d published, to %s\n", refused.Err, refused.Published.Count, refused.Published.LastID)
	}
	// Output:
	// validation_error: line 2: not an event; 1 published, to 18
}
