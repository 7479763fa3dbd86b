package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/streamtest"
)

// newer is a server that knows an event and a field that this client does not.
func newer() *streamtest.Server {
	return streamtest.NewServer(streamtest.Script{streamtest.Open(), streamtest.Send(
		streamtest.Block("weather", "1", `{"sunny":true}`),
		streamtest.Block("content", "2", `{"type":"content","content":"Hello","addedLater":1}`),
		streamtest.Block("complete", "3", `{"type":"complete","done":true}`))})
}

// list prints the events of a stream, and its end.
func list(url string, opts ...client.Option) {
	c, err := mix.NewClient(url, opts...)
	if err != nil {
		fmt.Println(err)
		return
	}
	stream, err := c.StreamEvents(context.Background(), "s1", nil, mix.UntilComplete())
	if err != nil {
		fmt.Println("refused:", err)
		return
	}
	defer stream.Close()
	for event, err := range stream.All() {
		switch data := event.Data.(type) {
		case *gen.UnknownEvent:
			fmt.Printf("unknown: %s %s %v\n", data.Name, data.Data, data.Err)
		case nil:
			fmt.Println("error:", err)
		default:
			fmt.Println(event.Name)
		}
	}
}

// By default a client reads on after an event that is newer than itself. A strict one stops.
func ExampleWithStrict() {
	server := newer()
	defer server.Close()

	list(server.URL)
	list(server.URL, client.WithStrict())
	// Output:
	// unknown: weather {"sunny":true} <nil>
	// content
	// complete
	// refused: client: unknown event "weather"
}

// Another package can decode the data, or other rules.
func ExampleWithJSON() {
	server := newer()
	defer server.Close()

	list(server.URL, client.WithJSON(func(data []byte, v any) error {
		d := json.NewDecoder(bytes.NewReader(data))
		d.DisallowUnknownFields()
		return d.Decode(v)
	}))
	// Output:
	// unknown: weather {"sunny":true} <nil>
	// unknown: content {"type":"content","content":"Hello","addedLater":1} "content": data: unknown field "addedLater"
	// complete
}
