package docs_test

import (
	"context"
	"fmt"
	"log"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/streamtest"
)

// mixServer is what a client can meet there: a name that the spec does not have, a cut, a
// stream that begins anew since Last-Event-ID is ignored, and an error for a 404.
func mixServer() *streamtest.Server {
	connected := func(id string) string { return streamtest.Block("connected", id, `{"sessionId":"s1"}`) }
	return streamtest.NewServer(
		streamtest.Script{streamtest.Open(), streamtest.Send(connected("100"),
			streamtest.Block("content", "101", `{"type":"content","content":"Hello"}`),
			streamtest.Block("rate_limit_error", "102", `{"error":"slow down"}`)), streamtest.Cut()},
		streamtest.Script{streamtest.Open(), streamtest.Send(connected("200"),
			streamtest.Block("complete", "201", `{"type":"complete","done":true}`))},
		streamtest.Script{streamtest.Open(), streamtest.Send(connected("300"),
			streamtest.Block("error", "301", `{"error":"session not found"}`)), streamtest.Hold()},
	)
}

// show prints what a session's agent says.
func show(ctx context.Context, c *mix.Client, sessionID string) error {
	stream, err := c.StreamEvents(ctx, sessionID, nil)
	if err != nil {
		return err
	}
	defer stream.Close()
	for stream.Next() {
		switch data := stream.Event().Data.(type) {
		case *gen.ContentData:
			fmt.Println(data.Content)
		case *gen.CompleteData:
			return nil
		case *gen.ErrorData:
			return fmt.Errorf("the agent: %s", data.Error)
		case *gen.UnknownEvent:
			log.Printf("an event newer than this client: %s", data.Name)
		}
	}
	return stream.Err()
}

func Example_mixServer() {
	ts := mixServer()
	defer ts.Close()

	c, err := mix.NewClient(ts.URL,
		client.ContinueOnGap(),
		client.WithHooks(client.Hooks{Gap: func(gap *client.GapError) {
			fmt.Printf("events may be missing after %s\n", gap.Requested)
		}}),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(show(context.Background(), c, "s1"))
	fmt.Println(show(context.Background(), c, "unheard"))
	// Output:
	// Hello
	// events may be missing after 102
	// <nil>
	// the agent: session not found
}
