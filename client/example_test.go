package client_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/streamtest"
)

// agent is a server whose agent says hello. The first stream is cut in the middle of an
// event.
func agent() *streamtest.Server {
	world := streamtest.Block("content", "3", `{"type":"content","content":"world"}`)
	return streamtest.NewServer(
		streamtest.Script{streamtest.Open(), streamtest.Send(streamtest.Block("connected", "1", `{"sessionId":"s1"}`),
			streamtest.Block("content", "2", `{"type":"content","content":"Hello, "}`), world[:30]), streamtest.Cut()},
		streamtest.Script{streamtest.Open(), streamtest.Send(streamtest.Block("connected", "2", `{"sessionId":"s1"}`),
			world, streamtest.Block("complete", "4", `{"type":"complete","done":true}`))},
	)
}

// soon makes an example reconnect without a noticeable delay.
var soon = client.WithRetryPolicy(client.RetryPolicy{InitialInterval: time.Millisecond})

// follow prints what the session's agent says, from the beginning to its end.
func follow(ctx context.Context, c *mix.Client, session string) error {
	stream, err := c.StreamEvents(ctx, session, nil, client.FromStart(), mix.UntilComplete())
	if err != nil {
		return err
	}
	defer stream.Close()
	for event, err := range stream.All() {
		if err != nil {
			return err
		}
		switch data := event.Data.(type) {
		case *gen.ContentData:
			fmt.Print(data.Content)
		case *gen.CompleteData:
			fmt.Println(" (done)")
		case *gen.UnknownEvent:
			log.Printf("an event newer than this client: %s", data.Name)
		}
	}
	return nil
}

// The caller does not notice a cut connection.
func Example_ownContract() {
	server := agent()
	defer server.Close()

	c, err := mix.NewClient(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(follow(context.Background(), c, "s1"))
	// Output:
	// Hello, world (done)
	// <nil>
}

// Next, Event and Err are the stream without an iterator.
func ExampleStream_Next() {
	server := agent()
	defer server.Close()

	c, err := mix.NewClient(server.URL, soon)
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
		fmt.Println(stream.LastEventID(), stream.Event().Name)
	}
	fmt.Println("error:", stream.Err())
	// Output:
	// 1 connected
	// 2 content
	// 2 connected
	// 3 content
	// 4 complete
	// error: <nil>
}
