package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/streamtest"
)

// report says what became of a stream that ended with err.
func report(err error) string {
	var gap *client.GapError
	var refused *mix.ErrorResponse
	var answer *client.APIError
	switch {
	case err == nil:
		return "the session is over"
	case errors.As(err, &gap):
		return "events are missing; what is there follows " + gap.ResumeFrom
	case errors.Is(err, client.ErrGaveUp):
		return "the server is gone: " + err.Error()
	case errors.As(err, &refused) && refused.Type == gen.RESTErrorTypeNotFound:
		return "no such session"
	case errors.As(err, &answer) && answer.StatusCode == http.StatusUnauthorized:
		return "sign in again"
	}
	return err.Error()
}

// Each error that a caller can act on has a type or a sentinel of its own.
func ExampleAPIError() {
	for _, script := range []streamtest.Script{
		{streamtest.Open(), streamtest.Send(streamtest.Block("complete", "1", `{"type":"complete","done":true}`))},
		{streamtest.Open(), streamtest.Send(streamtest.Block("error", "40", `{"type":"replay_gap","error":"events were trimmed"}`))},
		{streamtest.Answer(http.StatusNotFound, `{"error":{"code":404,"type":"not_found","message":"session not found"}}`, "Content-Type", "application/json")},
		{streamtest.Answer(http.StatusUnauthorized, "from a proxy", "Content-Type", "text/plain")},
		{streamtest.Answer(http.StatusServiceUnavailable, "")},
	} {
		server := streamtest.NewServer(script)
		c, err := mix.NewClient(server.URL, client.WithRetryPolicy(client.RetryPolicy{MaxAttempts: client.NoRetries}))
		if err != nil {
			fmt.Println(err)
			return
		}
		stream, err := c.StreamEvents(context.Background(), "s1", nil, mix.UntilComplete())
		if err == nil {
			for stream.Next() {
			}
			err = stream.Err()
			stream.Close()
		}
		said, _, _ := strings.Cut(report(err), " (failures")
		fmt.Println(said)
		server.Close()
	}
	// Output:
	// the session is over
	// events are missing; what is there follows 40
	// no such session
	// sign in again
	// the server is gone: client: gave up reconnecting
}
