package client_test

import (
	"context"
	"fmt"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/streamtest"
)

// store keeps the result of a consumer together with its position.
type store struct {
	text   string
	lastID string
}

func (s *store) LastID() (string, error) { return s.lastID, nil }

func (s *store) Save(event mix.Event) error {
	if data, ok := event.Data.(*gen.ContentData); ok {
		s.text += data.Content
	}
	s.lastID = event.ID
	return nil
}

// consume goes on at the position in the store, and keeps its position there.
func consume(ctx context.Context, c *mix.Client, store *store) error {
	last, err := store.LastID() // "" the first time; "0" would begin with all that is retained
	if err != nil {
		return err
	}
	stream, err := c.StreamEvents(ctx, "s1", &last, mix.UntilComplete())
	if err != nil {
		return err
	}
	defer stream.Close()
	for event, err := range stream.All() {
		if err != nil {
			return err
		}
		if err := store.Save(event); err != nil { // the result and event.ID in one transaction
			return err
		}
	}
	return nil
}

// After a restart of its process, a consumer goes on at its position.
func Example_resume() {
	server := streamtest.NewServer(
		streamtest.Script{streamtest.Open(), streamtest.Send(streamtest.Block("connected", "7", `{"sessionId":"s1"}`),
			streamtest.Block("content", "8", `{"type":"content","content":"world"}`),
			streamtest.Block("complete", "9", `{"type":"complete","done":true}`))},
	)
	defer server.Close()
	c, err := mix.NewClient(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	before := &store{text: "Hello, ", lastID: "7"} // of a process that is gone
	fmt.Println(consume(context.Background(), c, before))
	fmt.Println(before.text, before.lastID, server.LastEventIDs())
	// Output:
	// <nil>
	// Hello, world 9 [7]
}
