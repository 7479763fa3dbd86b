package client_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/streamtest"
)

// forgetful is a server that retains nothing before event 41.
func forgetful() *streamtest.Server {
	retained := streamtest.Block("content", "41", `{"type":"content","content":"world"}`) +
		streamtest.Block("complete", "42", `{"type":"complete","done":true}`)
	return streamtest.NewServer(
		streamtest.Script{streamtest.Open(), streamtest.Send(streamtest.Block("connected", "17", `{"sessionId":"s1"}`),
			streamtest.Block("error", "40", `{"type":"replay_gap","error":"events were trimmed"}`), retained)},
		streamtest.Script{streamtest.Open(), streamtest.Send(streamtest.Block("connected", "40", `{"sessionId":"s1"}`), retained)},
	)
}

// rebuild follows a session, and builds its view anew if events are missing.
func rebuild(ctx context.Context, c *mix.Client, last string, reset func(), show func(mix.Event)) error {
	for {
		stream, err := c.StreamEvents(ctx, "s1", &last, mix.UntilComplete())
		for err == nil && stream.Next() {
			show(stream.Event())
		}
		if stream != nil {
			err = stream.Err()
			stream.Close()
		}
		var gap *client.GapError
		if !errors.As(err, &gap) {
			return err
		}
		reset() // for instance: fetch the session's state from elsewhere
		last = gap.ResumeFrom
	}
}

// By default a gap ends the stream.
func ExampleGapError() {
	server := forgetful()
	defer server.Close()
	c, err := mix.NewClient(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	err = rebuild(context.Background(), c, "17",
		func() { fmt.Println("begin anew") },
		func(event mix.Event) { fmt.Println(event.ID, event.Name) })
	fmt.Println(err)
	// Output:
	// 17 connected
	// begin anew
	// 40 connected
	// 41 content
	// 42 complete
	// <nil>
}

// A caller that can use the remaining events gets the gap in a hook, and goes on.
func ExampleContinueOnGap() {
	server := forgetful()
	defer server.Close()
	c, err := mix.NewClient(server.URL,
		client.ContinueOnGap(),
		client.WithHooks(client.Hooks{Gap: func(gap *client.GapError) {
			fmt.Printf("events between %s and %s may be missing\n", gap.Requested, gap.ResumeFrom)
		}}),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	last := "17"
	stream, err := c.StreamEvents(context.Background(), "s1", &last, mix.UntilComplete())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stream.Close()
	for event, err := range stream.All() {
		fmt.Println(event.ID, event.Name, err)
	}
	// Output:
	// 17 connected <nil>
	// events between 17 and 40 may be missing
	// 40 error <nil>
	// 41 content <nil>
	// 42 complete <nil>
}
