package mix_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/streamtest"
)

// connection is an event stream that begins at a position, and is cut after the blocks.
func connection(position string, blocks ...string) streamtest.Script {
	connected := streamtest.Block("connected", position, `{"sessionId":"s1"}`)
	return streamtest.Script{streamtest.Open(), streamtest.Send(append([]string{connected}, blocks...)...), streamtest.Cut()}
}

var fast = client.WithRetryPolicy(client.RetryPolicy{InitialInterval: time.Millisecond, MaxInterval: time.Millisecond})

// A RequestEditorFn that oapi-codegen generated is a request editor.
var editor gen.RequestEditorFn = func(_ context.Context, r *http.Request) error {
	r.Header.Set("X-A", "1")
	return nil
}

// StreamEvents begins where its argument or an option says, and a complete of a sub-agent
// does not end it.
func TestStreamEvents(t *testing.T) {
	zero, id, empty := "0", "7", ""
	for name, test := range map[string]struct {
		lastEventID *string
		opts        []client.Option
		want        string
	}{
		"nil":                     {nil, nil, ""},
		"empty":                   {&empty, nil, ""},
		"zero":                    {&zero, nil, "0"},
		"an id":                   {&id, nil, "7"},
		"FromStart":               {nil, []client.Option{client.FromStart()}, "0"},
		"After":                   {nil, []client.Option{client.After("7")}, "7"},
		"an id before FromStart":  {&id, []client.Option{client.FromStart()}, "7"},
		"FromStart without an id": {&empty, []client.Option{client.FromStart()}, "0"},
	} {
		t.Run(name, func(t *testing.T) {
			server := streamtest.NewServer(
				connection("7", streamtest.Block("complete", "8", `{"type":"complete","done":true,"parentToolCallId":"p1"}`)),
				connection("8", streamtest.Block("complete", "9", `{"type":"complete","done":true}`)))
			defer server.Close()
			c, err := mix.NewClient(server.URL, fast, client.WithRequestEditor(editor))
			if err != nil {
				t.Fatal(err)
			}
			stream, err := c.StreamEvents(t.Context(), "s1", test.lastEventID, append(test.opts, mix.UntilComplete())...)
			if err != nil {
				t.Fatal(err)
			}
			defer stream.Close()
			var got []string
			for event, err := range stream.All() {
				if err != nil {
					t.Error(err)
				}
				got = append(got, event.Name+" "+event.ID)
			}
			if fmt.Sprint(got) != "[connected 7 complete 8 connected 8 complete 9]" {
				t.Errorf("got %q", got)
			}
			requests := server.Requests()
			if ids := server.LastEventIDs(); len(ids) != 2 || ids[0] != test.want || ids[1] != "8" || requests[1].URL.Query().Get("sessionId") != "s1" || requests[0].Header.Get("X-A") != "1" {
				t.Errorf("asked after %q", ids)
			}
		})
	}
}

// A stream and a publish both return the error of the contract.
func TestErrorResponse(t *testing.T) {
	refusal := streamtest.Answer(http.StatusBadRequest,
		`{"error":{"code":400,"type":"validation_error","message":"no"},"line":2,"count":1,"lastId":"18"}`, "Content-Type", "application/json")
	server := streamtest.NewServer(streamtest.Script{refusal})
	defer server.Close()
	c, err := mix.NewClient(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	_, streamed := c.StreamEvents(t.Context(), "s1", nil)
	_, published := c.Publish(t.Context(), "s1", &gen.ContentData{Type: "content"})
	for name, err := range map[string]error{"stream": streamed, "publication": published} {
		var response *mix.ErrorResponse
		var answer *client.APIError
		if !errors.As(err, &response) || response.Type != gen.RESTErrorTypeValidationError || response.Message != "no" || !errors.As(err, &answer) || answer.StatusCode != 400 {
			t.Errorf("%s: %v", name, err)
		}
	}
	var refused *client.APIError
	if !errors.As(published, &refused) || refused.Published == nil || refused.Published.Line != 2 || refused.Published.Count != 1 || refused.Published.LastID != "18" {
		t.Errorf("publication: %v", published)
	}
}

// A call without a session fails before anything is sent.
func TestNoSession(t *testing.T) {
	server := streamtest.NewServer(streamtest.Script{streamtest.Cut()})
	defer server.Close()
	c, err := mix.NewClient(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	_, streamed := c.StreamEvents(t.Context(), "", nil)
	_, published := c.Publish(t.Context(), "", &gen.ContentData{})
	_, lines := c.PublishLines(t.Context(), "", nil)
	if streamed == nil || published == nil || lines == nil || server.Connections() != 0 {
		t.Errorf("errors %v, %v, %v", streamed, published, lines)
	}
}
