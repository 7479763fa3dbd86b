package server_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"

	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// agents are those that run because somebody watches.
type agents chan string

func (a agents) Start(sessionID string) { a <- "start " + sessionID }

func (a agents) StopSoon(sessionID string) { a <- "stop " + sessionID }

// An agent works while somebody watches its session.
func ExampleOnFirstReader() {
	watched := make(agents, 2)
	srv, err := mix.NewServer(
		server.OnFirstReader(func(sessionID string) { watched.Start(sessionID) }),
		server.OnLastReader(func(sessionID string) { watched.StopSoon(sessionID) }), // it may be about to come back
		server.WithSessions(func(_ context.Context, sessionID string) (bool, error) {
			return strings.HasPrefix(sessionID, "session-"), nil // those that the application knows of
		}),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	ts := httptest.NewServer(srv)
	defer ts.Close()
	res, err := ts.Client().Get(ts.URL + "/stream?sessionId=session-1")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(<-watched, srv.Readers("session-1"))
	res.Body.Close()
	fmt.Println(<-watched, srv.Readers("session-1"))
	// Output:
	// start session-1 1
	// stop session-1 0
}
