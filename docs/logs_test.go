package docs_test

import (
	"context"
	"fmt"
	"os"

	"github.com/mixstream/mixstream/eventlog/natslog"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// A server is given its log.
func Example_logs() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "mixstream")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // it is temporary

	events, err := natslog.Open(ctx, natslog.Options{Dir: dir})
	if err != nil {
		panic(err)
	}
	defer events.Close() // after the server's Shutdown
	srv, err := mix.NewServer(server.WithLog(events))
	if err != nil {
		panic(err)
	}
	_, err = srv.Publish(ctx, "session-1", &gen.ContentData{Type: "content", Content: "Hello"})
	fmt.Println(err)
	// Output: <nil>
}
