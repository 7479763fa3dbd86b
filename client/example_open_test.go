package client_test

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/streamtest"
)

// shop is a server of another spec. It has no connected event; its header tells the position.
func shop() *streamtest.Server {
	return streamtest.NewServer(
		streamtest.Script{streamtest.Open("Last-Event-ID", "40"), streamtest.Send(":\n"), streamtest.Cut()},
		streamtest.Script{streamtest.Open("Last-Event-ID", "40"), streamtest.Send(streamtest.Block("placed", "41", `{"total":5}`), "event: no"), streamtest.Cut()},
		streamtest.Script{streamtest.Open("Last-Event-ID", "41"), streamtest.Send(streamtest.Block("note", "42", "Leave it at the door."))},
		streamtest.Script{streamtest.Answer(http.StatusNoContent, "")},
	)
}

// A stream of any operation. Generated code has its descriptor, here orderEvents, and its
// parameters, here orderParams.
func ExampleClient_Open() {
	server := shop()
	defer server.Close()
	ctx := context.Background()

	c, err := client.New(orderEvents, server.URL, soon)
	if err != nil {
		fmt.Println(err)
		return
	}
	stream, err := c.Open(ctx, orderParams{Order: "7"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stream.Close()
	for event, err := range stream.All() {
		if err != nil {
			fmt.Println(err)
			return
		}
		switch data := event.Data.(type) {
		case *orderPlaced:
			fmt.Println(event.ID, "placed, for", data.Total)
		case *orderNote:
			fmt.Println(event.ID, "note:", data.Value)
		}
	}
	fmt.Println(server.LastEventIDs())
	// Output:
	// 41 placed, for 5
	// 42 note: Leave it at the door.
	// [ 40 41 42]
}

// An answer that a POST begins and a GET resumes. Events have no ids; they have a number.
func ExampleRead() {
	server := streamtest.NewServer(
		streamtest.Script{streamtest.Open(), streamtest.Send("data: {\"type\":\"delta\",\"sequence\":1,\"text\":\"Hello, \"}\n\n"), streamtest.Cut()},
		streamtest.Script{streamtest.Open(), streamtest.Send("data: {\"type\":\"delta\",\"sequence\":2,\"text\":\"world\"}\n\ndata: [DONE]\n\n")},
	)
	defer server.Close()
	ask := func(ctx context.Context, method, path string) (*http.Response, error) {
		r, err := http.NewRequestWithContext(ctx, method, server.URL+path, http.NoBody)
		if err != nil {
			return nil, err
		}
		return http.DefaultClient.Do(r)
	}

	sequence := 0
	connect := func(ctx context.Context, last *client.Event[answerEvent]) (*http.Response, error) {
		if last == nil {
			return ask(ctx, http.MethodPost, "/answers")
		}
		return ask(ctx, http.MethodGet, "/answers/a1?starting_after="+strconv.Itoa(sequence))
	}
	stream := client.Read(context.Background(), createAnswer, connect, client.UntilData("[DONE]"), soon)
	defer stream.Close()
	for stream.Next() {
		if data, ok := stream.Event().Data.(*answerDelta); ok {
			sequence = data.Sequence
			fmt.Print(data.Text)
		}
	}
	fmt.Println(";", stream.Err())
	for _, r := range server.Requests() {
		fmt.Println(r.Method, r.URL)
	}
	// Output:
	// Hello, world; <nil>
	// POST /answers
	// GET /answers/a1?starting_after=1
}
