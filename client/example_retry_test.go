package client_test

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/mix"
)

// An application can show that it waits for its server.
func ExampleWithHooks() {
	ts := agent()
	defer ts.Close()
	c, err := mix.NewClient(ts.URL,
		client.WithRetryPolicy(client.RetryPolicy{
			InitialInterval: 200 * time.Millisecond,
			MaxInterval:     10 * time.Second,
			MaxElapsedTime:  client.NoTimeLimit, // as long as the context lasts
		}),
		client.WithHooks(client.Hooks{
			Retrying: func(r client.Retry) { // it begins in r.Delay
				fmt.Printf("attempt %d, after event %s: %v\n", r.Attempt, r.LastEventID, r.Err)
			},
			Connected: func(resp *http.Response) {
				fmt.Println("connected:", resp.Status)
			},
		}),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	stream, err := c.StreamEvents(context.Background(), "s1", nil, mix.UntilComplete())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stream.Close()
	for stream.Next() {
	}
	fmt.Println(stream.Err())
	// Output:
	// connected: 200 OK
	// attempt 1, after event 2: client: the stream was cut: unexpected EOF
	// connected: 200 OK
	// <nil>
}
