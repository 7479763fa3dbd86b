package docs_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/server"
	"github.com/mixstream/mixstream/streamtest"
)

// agentServer is a server with a session, s1, whose agent has said hello and is done.
func agentServer(opts ...server.Option) *httptest.Server {
	srv, err := server.New(opts...)
	if err != nil {
		panic(err)
	}
	for _, event := range []gen.Event{
		&gen.ContentData{Type: "content", Content: "Hello, "},
		&gen.ContentData{Type: "content", Content: "world"},
		&gen.CompleteData{Type: "complete", Done: true},
	} {
		if _, err := srv.Publish(context.Background(), "s1", event); err != nil {
			panic(err)
		}
	}
	return httptest.NewServer(srv)
}

// soon makes reconnections that no example has to wait for.
var soon = client.WithRetryPolicy(client.RetryPolicy{InitialInterval: time.Millisecond})

// follow prints what the session's agent says, from the beginning to its end.
func follow(ctx context.Context, c *client.Client, session string) error {
	everything := "0"
	stream, err := c.StreamEvents(ctx, session, &everything, client.UntilComplete())
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

func Example_clientFollow() {
	ts := agentServer()
	defer ts.Close()

	c, err := client.New(ts.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(follow(context.Background(), c, "s1"))
	// Output:
	// Hello, world (done)
	// <nil>
}

// store is where a consumer keeps its result, and with it how far it has got.
type store struct {
	text   string
	lastID string
}

func (s *store) LastID() (string, error) { return s.lastID, nil }

func (s *store) Save(event client.Event) error {
	if data, ok := event.Data.(*gen.ContentData); ok {
		s.text += data.Content
	}
	s.lastID = event.ID
	return nil
}

// consume goes on where the store says, and keeps there how far it has got.
func consume(ctx context.Context, c *client.Client, store *store) error {
	last, err := store.LastID() // "" the first time; "0" would begin with all that is retained
	if err != nil {
		return err
	}
	stream, err := c.StreamEvents(ctx, "s1", &last, client.UntilComplete())
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

func Example_clientResume() {
	ts := streamtest.NewServer(
		streamtest.Script{streamtest.Open(), streamtest.Send(streamtest.Block("connected", "7", `{"sessionId":"s1"}`),
			streamtest.Block("content", "8", `{"type":"content","content":"world"}`),
			streamtest.Block("complete", "9", `{"type":"complete","done":true}`))},
	)
	defer ts.Close()
	c, err := client.New(ts.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	before := &store{text: "Hello, ", lastID: "7"} // of a process that is gone
	fmt.Println(consume(context.Background(), c, before))
	fmt.Println(before.text, before.lastID, ts.LastEventIDs())
	// Output:
	// <nil>
	// Hello, world 9 [7]
}

// report says what became of a stream that ended with err.
func report(err error) string {
	var gap *client.GapError
	var refused *client.ErrorResponse
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

func Example_clientErrors() {
	gone := streamtest.NewServer(streamtest.Script{streamtest.Answer(http.StatusServiceUnavailable, "")})
	defer gone.Close()
	strict := agentServer(server.WithAuthorizer(func(*http.Request, string) error { return server.ErrUnauthorized }))
	defer strict.Close()
	open := agentServer()
	defer open.Close()

	old := "17"
	for _, try := range []struct {
		url, session string
		lastID       *string
	}{
		{open.URL, "s1", &old},
		{open.URL, "unheard", nil},
		{strict.URL, "s1", nil},
		{gone.URL, "s1", nil},
	} {
		c, err := client.New(try.url, client.WithRetryPolicy(client.RetryPolicy{MaxAttempts: 1, InitialInterval: time.Millisecond}))
		if err != nil {
			fmt.Println(err)
			return
		}
		stream, err := c.StreamEvents(context.Background(), try.session, try.lastID, client.UntilComplete())
		if err == nil {
			for stream.Next() {
			}
			err = stream.Err()
			stream.Close()
		}
		said, _, _ := strings.Cut(report(err), " follows ")
		said, _, _ = strings.Cut(said, " (failures")
		fmt.Println(said)
	}
	// Output:
	// events are missing; what is there
	// no such session
	// sign in again
	// the server is gone: client: gave up reconnecting
}

// rebuild follows a session, and begins its view anew where events are missing.
func rebuild(ctx context.Context, c *client.Client, last string, reset func(), show func(client.Event)) error {
	for {
		stream, err := c.StreamEvents(ctx, "s1", &last, client.UntilComplete())
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

func Example_clientGap() {
	ts := agentServer()
	defer ts.Close()
	c, err := client.New(ts.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	err = rebuild(context.Background(), c, "17",
		func() { fmt.Println("begin anew") },
		func(event client.Event) { fmt.Println(event.Name) })
	fmt.Println(err)
	// Output:
	// connected
	// begin anew
	// connected
	// content
	// content
	// complete
	// <nil>
}

func Example_clientRetry() {
	ts := agentServer()
	defer ts.Close()
	c, err := client.New(ts.URL,
		client.WithRetryPolicy(client.RetryPolicy{
			InitialInterval: 200 * time.Millisecond,
			MaxInterval:     10 * time.Second,
			MaxElapsedTime:  -1, // as long as the context lasts
		}),
		client.OnRetry(func(r client.Retry) {
			log.Printf("attempt %d in %v, after %q: %v", r.Attempt, r.Delay, r.LastEventID, r.Err)
		}),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(follow(context.Background(), c, "s1"))
	// Output:
	// Hello, world (done)
	// <nil>
}

// tokens hands out access tokens, of which the first has expired.
type tokens struct{ n atomic.Int32 }

func (t *tokens) Token(context.Context) (string, error) {
	if t.n.Add(1) <= 2 {
		return "old", nil
	}
	return "fresh", nil
}

func Example_clientToken() {
	ts := streamtest.NewServer(
		streamtest.Script{streamtest.Open(), streamtest.Send(streamtest.Block("connected", "1", `{"sessionId":"s1"}`)), streamtest.Cut()},
		streamtest.Script{streamtest.Answer(http.StatusUnauthorized, "")},
		streamtest.Script{streamtest.Open(), streamtest.Send(streamtest.Block("complete", "2", `{"type":"complete","done":true}`))},
	)
	defer ts.Close()
	var source tokens
	c, err := client.New(ts.URL, soon,
		client.WithRequestEditor(func(ctx context.Context, r *http.Request) error {
			token, err := source.Token(ctx) // from an oauth2.TokenSource, a file, a vault
			if err != nil {
				return err
			}
			r.Header.Set("Authorization", "Bearer "+token)
			return nil
		}),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(follow(context.Background(), c, "s1"))
	for _, r := range ts.Requests() {
		fmt.Println(r.Header.Get("Authorization"))
	}
	// Output:
	//  (done)
	// <nil>
	// Bearer old
	// Bearer old
	// Bearer fresh
}

func Example_clientPublish() {
	ts := agentServer(server.WithPublishAuthorizer(func(*http.Request, string) error { return nil }))
	defer ts.Close()
	c, err := client.New(ts.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()

	id, err := c.Publish(ctx, "s1", &gen.ContentData{Type: "content", Content: "Hello"})
	fmt.Println(id != "", err)

	lines := `{"event":"content","data":{"type":"content","content":"one"}}
{"event":"complete","data":{"type":"complete"}}
`
	_, err = c.PublishLines(ctx, "s1", []byte(lines))
	var refused *client.PublishError
	if errors.As(err, &refused) {
		fmt.Printf("%s; %d published\n", refused.Message, refused.Count)
	}
	// Output:
	// true <nil>
	// line 2: "complete": data: "done" is required; 1 published
}

func Example_clientSource() {
	api := streamtest.NewServer(
		streamtest.Script{streamtest.Open(), streamtest.Send(streamtest.Block("", "1", "Hel"), streamtest.Block("", "2", "lo")), streamtest.Cut()},
		streamtest.Script{streamtest.Open(), streamtest.Send(streamtest.Block("", "3", "[DONE]"))},
	)
	defer api.Close()
	ask := func(ctx context.Context, lastEventID string) (*http.Response, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, api.URL, strings.NewReader(`{"stream":true}`))
		if err != nil {
			return nil, err
		}
		if lastEventID != "" {
			r.Header.Set("Last-Event-ID", lastEventID)
		}
		return http.DefaultClient.Do(r)
	}
	source := client.NewSource(context.Background(), "", ask, soon)
	defer source.Close()
	for {
		event, err := source.Next()
		if errors.Is(err, io.EOF) || string(event.Data) == "[DONE]" {
			return
		} else if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s\n", event.Data) // valid until the next call of Next
	}
	// Output:
	// Hel
	// lo
}

func TestClientOutlivesACut(t *testing.T) {
	hello := streamtest.Block("content", "2", `{"type":"content","content":"Hello"}`)
	ts := streamtest.NewServer(
		streamtest.Script{streamtest.Open(), streamtest.Send(streamtest.Block("connected", "1", `{"sessionId":"s1"}`), hello[:30]), streamtest.Cut()},
		streamtest.Script{streamtest.Answer(http.StatusServiceUnavailable, "")},
		streamtest.Script{streamtest.Open(), streamtest.Send(hello, streamtest.Block("complete", "3", `{"type":"complete","done":true}`))},
	)
	defer ts.Close()

	c, err := client.New(ts.URL, client.WithRetryPolicy(client.RetryPolicy{InitialInterval: time.Millisecond}))
	if err != nil {
		t.Fatal(err)
	}
	var consumer store
	if err := consume(t.Context(), c, &consumer); err != nil {
		t.Errorf("the consumer failed: %v", err)
	}
	if consumer.text != "Hello" || consumer.lastID != "3" {
		t.Errorf("the consumer has %q, to %q", consumer.text, consumer.lastID)
	}
	if ids := fmt.Sprint(ts.LastEventIDs()); ids != "[ 1 1]" {
		t.Errorf("it came back with %s", ids)
	}
}
