package server_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/mixstream/mixstream/mix"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/server"
)

// The readers of a tenant's sessions learn of all sessions of that tenant.
func ExampleWithScope() {
	srv, err := mix.NewServer(server.WithScope(func(sessionID string) string {
		tenant, _, _ := strings.Cut(sessionID, "/") // what is said of acme/1 is for acme
		return tenant
	}))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	for _, session := range []string{"acme/1", "acme/2", "other/1"} {
		if _, err := srv.CreateSession(ctx, session, "Tidy the tests"); err != nil {
			fmt.Println(err)
			return
		}
	}
	if _, err := srv.DeleteSession(ctx, "acme/1"); err != nil {
		fmt.Println(err)
		return
	}
	w := httptest.NewRecorder()
	srv.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/stream?sessionId=acme/1&lastEventId=0", nil))
	for line := range strings.Lines(w.Body.String()) {
		if strings.HasPrefix(line, "event: ") {
			fmt.Print(line)
		}
	}
	// Output:
	// event: connected
	// event: session_created
	// event: session_created
	// event: session_deleted
}

// A session that the application knows of can be followed before its first event.
func ExampleWithSessions() {
	known := map[string]bool{"session-1": true}
	srv, err := mix.NewServer(server.WithSessions(func(_ context.Context, sessionID string) (bool, error) {
		return known[sessionID], nil
	}))
	if err != nil {
		fmt.Println(err)
		return
	}
	ts := httptest.NewServer(srv)
	defer ts.Close()
	for _, session := range []string{"session-1", "session-2"} {
		res, err := ts.Client().Get(ts.URL + "/stream?sessionId=" + session)
		if err != nil {
			fmt.Println(err)
			return
		}
		res.Body.Close()
		fmt.Println(session, res.Status)
	}
	// Output:
	// session-1 200 OK
	// session-2 404 Not Found
}

func ExampleWithLog() {
	events := eventlog.NewMemory(eventlog.Retention{
		Entries: 2_000,          // of a session
		Age:     24 * time.Hour, // of an event
		Idle:    72 * time.Hour, // until a session is forgotten
	})
	srv, err := mix.NewServer(server.WithLog(events))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	_, err = srv.Publish(ctx, "session-1", &gen.ContentData{Type: "content", Content: "Hello"})
	fmt.Println(err)
	record, err := events.Lookup(ctx, "session-1")
	fmt.Println(record.ID, err)
	// Output:
	// <nil>
	// session-1 <nil>
}
