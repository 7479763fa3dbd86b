package server_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/mixstream/mixstream/mix"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/server"
)

// Streams that are idle are sockets without goroutines. It is the Server that ends
// them: http.Server does not know them any more.
func ExampleWithDetachedStreams() {
	srv, err := mix.NewServer(server.WithDetachedStreams())
	if err != nil {
		fmt.Println(err)
		return
	}
	ts := httptest.NewServer(srv)
	defer ts.Close()
	ctx := context.Background()
	if _, err := srv.Publish(ctx, "session-1", &gen.ContentData{Type: "content", Content: "Hello"}); err != nil {
		fmt.Println(err)
		return
	}
	res, err := ts.Client().Get(ts.URL + "/stream?sessionId=session-1&lastEventId=0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer res.Body.Close()
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		switch line := lines.Text(); line {
		case "event: content":
			fmt.Println(line)
			fmt.Println(srv.Shutdown(ctx))
		case "event: heartbeat":
			fmt.Println(line, "is the last")
		}
	}
	// Output:
	// event: content
	// <nil>
	// event: heartbeat is the last
}

// A load balancer asks whether the server can be given readers.
func ExampleServer_Ready() {
	srv, err := mix.NewServer()
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("/stream", srv)
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if err := srv.Ready(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ready")
	})
	probe := func() {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
		fmt.Println(w.Code, strings.TrimSpace(w.Body.String()))
	}
	probe()
	fmt.Println(srv.Shutdown(context.Background()))
	probe()
	// Output:
	// 200 ready
	// <nil>
	// 503 server: shutting down
}
