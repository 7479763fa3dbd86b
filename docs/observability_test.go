package docs_test

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
	"github.com/mixstream/mixstream/server/otelstream"
)

// A server has an observer and a logger.
func Example_observability() {
	observer, err := otelstream.New() // with the global providers
	if err != nil {
		panic(err)
	}
	srv, err := mix.NewServer(server.WithObserver(observer), server.WithLogger(slog.Default()))
	if err != nil {
		panic(err)
	}
	_, err = srv.Publish(context.Background(), "session-1", &gen.ContentData{Type: "content", Content: "Hello"})
	fmt.Println(err)
	// Output: <nil>
}
