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

// An editor that oapi-codegen has generated the type of is an editor.
var editor gen.RequestEditorFn = func(_ context.Context, r *http.Request) error {
	r.Header.Set("X-A", "1")
	return nil
}

// StreamEvents begins where its argument says, and a complete of a sub-agent is no end.
func TestStreamEvents(t *testing.T) {
	zero, id, none := "0", "7", ""
	for want, lastEventID := range map[string]*string{"0": &zero, "7": &id, "": &none} {
		t.Run(want, func(t *testing.T) {
			server := streamtest.NewServer(
				connection("7", streamtest.Block("complete", "8", `{"type":"complete","done":true,"parentToolCallId":"p1"}`)),
				connection("8", streamtest.Block("complete", "9", `{"type":"complete","done":true}`)))
			defer server.Close()
			c, err := mix.NewClient(server.URL, fast, client.WithRequestEditor(editor))
			if err != nil {
				t.Fatal(err)
			}
			stream, err := c.StreamEvents(t.Context(), "s1", lastEventID, mix.UntilComplete())
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
			if ids := server.LastEventIDs(); len(ids) != 2 || ids[0] != want || ids[1] != "8" || requests[1].URL.Query().Get("sessionId") != "s1" || requests[0].Header.Get("X-A") != "1" {
				t.Errorf("asked after %q", ids)
			}
		})
	}
}

// The error of the contract is there from a stream and from a publication.
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
	var refused *client.PublishError
	if !errors.As(published, &refused) || refused.Line != 2 || refused.Count != 1 || refused.LastID != "18" {
		t.Errorf("publication: %v", published)
	}
}

// What names no session is refused before anything is sent.
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
