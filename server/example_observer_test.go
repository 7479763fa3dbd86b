package server_test

import (
	"context"
	"fmt"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// failures prints what could not be published, and which requests were refused.
type failures struct{ server.NopObserver }

func (failures) PublishEnded(_ context.Context, p server.Publication) {
	if p.Err != nil {
		fmt.Println(p.SessionID, p.Err)
	}
}

func (failures) StreamRefused(_ context.Context, r server.Refusal) {
	fmt.Println(r.SessionID, r.Status)
}

func ExampleWithObserver() {
	srv, err := mix.NewServer(server.WithObserver(failures{}))
	if err != nil {
		fmt.Println(err)
		return
	}
	_, _ = srv.Publish(context.Background(), "session-1", &gen.HeartbeatData{Type: "heartbeat"})
	// Output: session-1 server: publish "heartbeat": only the server may send this event
}
