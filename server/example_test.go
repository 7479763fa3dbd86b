package server_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// A server is mounted beside the routes of the application.
func Example() {
	srv, err := mix.NewServer()
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("/stream", srv)
	ts := httptest.NewServer(mux)
	defer ts.Close()

	ctx := context.Background()
	if _, err := srv.Publish(ctx, "session-1", &gen.ContentData{Type: "content", Content: "Hello"}); err != nil {
		fmt.Println(err)
		return
	}
	res, err := http.Get(ts.URL + "/stream?sessionId=session-1&lastEventId=0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer http.DefaultClient.CloseIdleConnections()
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	for n := 0; n < 8 && lines.Scan(); n++ {
		if line := lines.Text(); line != "" && line[0] != 'i' { // ids come from the clock
			fmt.Println(line)
		}
	}
	// Output:
	// event: connected
	// retry: 2000
	// data: {"sessionId":"session-1"}
	// event: content
	// data: {"content":"Hello","type":"content"}
}

func ExampleServer_Publish() {
	srv, err := mix.NewServer()
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()

	id, err := srv.Publish(ctx, "session-1", &gen.ContentData{Type: "content", Content: "Hello"})
	fmt.Println(id != "", err)

	_, err = srv.PublishJSON(ctx, "session-1", "content", []byte(`{"type":"content","content":"world","model":"m-1"}`))
	fmt.Println(err)

	_, err = srv.Publish(ctx, "session-1", &gen.HeartbeatData{Type: "heartbeat"})
	fmt.Println(errors.Is(err, server.ErrReservedEvent), err)
	// Output:
	// true <nil>
	// <nil>
	// true server: publish "heartbeat": only the server may send this event
}

func ExampleServer_PublishJSON() {
	srv, err := mix.NewServer()
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = srv.PublishJSON(context.Background(), "session-1", "content", []byte(`{"type": "content", "content": 1}`))
	fmt.Println(err)
	var misfit *contract.InvalidEventError
	fmt.Println(errors.As(err, &misfit))
	// Output:
	// server: publish "content": data/content: must be of type string, not number
	// true
}

// Shutdown ends the streams, and http.Server.Shutdown then the server.
func ExampleServer_Shutdown() {
	srv, err := mix.NewServer()
	if err != nil {
		fmt.Println(err)
		return
	}
	ts := httptest.NewServer(srv)
	ctx := context.Background()
	fmt.Println(srv.Shutdown(ctx))
	fmt.Println(ts.Config.Shutdown(ctx))
	ts.Close()
	// Output:
	// <nil>
	// <nil>
}
