package docs_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/server"
)

// serveUntil serves until the context is done, and then sends everybody away in order.
func serveUntil(ctx context.Context, srv *server.Server, l net.Listener) error {
	mux := http.NewServeMux()
	mux.Handle("/stream", srv)
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	hs := &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ConnContext:       server.SendBuffer(64 << 10),
	}
	served := make(chan error, 1)
	go func() { served <- hs.Serve(l) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
	defer cancel()
	return errors.Join(srv.Shutdown(ctx), hs.Shutdown(ctx)) // the streams first
}

func Example_serverServe() {
	srv, err := server.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	served := make(chan error, 1)
	go func() { served <- serveUntil(ctx, srv, l) }()
	res, err := http.Get("http://" + l.Addr().String() + "/stream?sessionId=unheard")
	if err != nil {
		fmt.Println(err)
		return
	}
	res.Body.Close()
	cancel()
	fmt.Println(res.StatusCode, <-served)
	// Output: 404 <nil>
}

func Example_serverPublish() {
	srv, err := server.New()
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

func Example_serverSessions() {
	srv, err := server.New(server.WithScope(func(sessionID string) string {
		tenant, _, _ := strings.Cut(sessionID, "/") // what is said of acme/1 is for acme
		return tenant
	}))
	if err != nil {
		fmt.Println(err)
		return
	}
	ts := httptest.NewServer(srv)
	defer ts.Close()
	c, err := client.New(ts.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()

	_, err = srv.CreateSession(ctx, "acme/1", "Tidy the tests")
	if err != nil {
		fmt.Println(err)
		return
	}
	stream, err := c.StreamEvents(ctx, "acme/1", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stream.Close()
	for _, session := range []string{"acme/2", "other/1"} {
		if _, err := srv.CreateSession(ctx, session, "Another one"); err != nil {
			fmt.Println(err)
		}
	}
	_, err = srv.CreateSession(ctx, "acme/2", "")
	fmt.Println(errors.Is(err, eventlog.ErrSessionExists))
	if _, err := srv.DeleteSession(ctx, "acme/1"); err != nil {
		fmt.Println(err)
	}
	for stream.Next() {
		switch data := stream.Event().Data.(type) {
		case *gen.SessionCreatedData:
			fmt.Println("created", data.SessionID)
		case *gen.SessionDeletedData:
			fmt.Println("deleted", data.SessionID)
		}
	}
	fmt.Println(stream.Err())
	// Output:
	// true
	// created acme/2
	// deleted acme/1
	// <nil>
}

// agents are those that run because somebody watches.
type agents chan string

func (a agents) Start(sessionID string) { a <- "start " + sessionID }

func (a agents) StopSoon(sessionID string) { a <- "stop " + sessionID }

func Example_serverReaders() {
	watched := make(agents, 2)
	srv, err := server.New(
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
	c, err := client.New(ts.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	stream, err := c.StreamEvents(context.Background(), "session-1", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(<-watched, srv.Readers("session-1"))
	stream.Close()
	fmt.Println(<-watched, srv.Readers("session-1"))
	// Output:
	// start session-1 1
	// stop session-1 0
}

// operations are the server's, but for what the application has added or changed.
type operations struct {
	gen.StrictServerInterface
}

func (o operations) StreamEvents(ctx context.Context, r gen.StreamEventsRequestObject) (gen.StreamEventsResponseObject, error) {
	if strings.HasPrefix(r.Params.SessionID, "internal/") {
		return nil, server.ErrForbidden
	}
	return o.StrictServerInterface.StreamEvents(ctx, r)
}

func Example_serverOperations() {
	srv, err := server.New(server.WithOperations(func(own gen.StrictServerInterface) gen.StrictServerInterface {
		return operations{own}
	}))
	if err != nil {
		fmt.Println(err)
		return
	}
	w := httptest.NewRecorder()
	srv.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/stream?sessionId=internal/1", nil))
	fmt.Println(w.Code)
	// Output: 403
}

func Example_serverLog() {
	events := eventlog.NewMemory(eventlog.Retention{
		Entries: 2_000,          // of a session
		Age:     24 * time.Hour, // of an event
		Idle:    72 * time.Hour, // until a session is forgotten
	})
	srv, err := server.New(server.WithLog(events))
	if err != nil {
		log.Fatal(err)
	}
	_, err = srv.Publish(context.Background(), "session-1", &gen.ContentData{Type: "content", Content: "Hello"})
	fmt.Println(err)
	// Output: <nil>
}
