// Command cors shows the stream server behind CORS and an authorizer: a page of another origin
// follows the sessions of its own user only.
//
// Run it:
//
//	go run ./examples/cors
//
// A page on http://localhost:3000 then logs in and follows a session:
//
//	await fetch("http://localhost:8080/login?user=alice", {method: "POST", credentials: "include"});
//	const events = new EventSource("http://localhost:8080/stream?sessionId=alice/1", {withCredentials: true});
//	events.addEventListener("content", e => console.log(JSON.parse(e.data)));
//
// curl does the same, and knows no origins:
//
//	curl -c jar -X POST 'http://localhost:8080/login?user=alice'
//	curl -b jar -N 'http://localhost:8080/stream?sessionId=alice/1'
package main

import (
	"context"
	"errors"
	"log"
	"net"
	"net/http"
	"os/signal"
	"syscall"
	"time"

	"github.com/rs/cors"

	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// pageOrigin is the origin of the page. With credentials it must be explicit: a wildcard would
// let any page read what its visitor may read.
const pageOrigin = "http://localhost:3000"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	listener, err := net.Listen("tcp", "localhost:8080")
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("listening on http://%s", listener.Addr())
	if err := run(ctx, listener); err != nil {
		log.Fatal(err)
	}
}

// run serves on the listener until the context is done, and then shuts down.
func run(ctx context.Context, listener net.Listener) error {
	logins := newLogins()
	srv, err := mix.NewServer(
		server.WithAuthorizer(logins.authorize),
		server.WithTiming(server.Timing{Reauthorization: time.Minute}), // cuts off a user that logged out
		server.WithLimits(server.Limits{StreamsPerClient: 20, ClientKey: logins.user}),
		// Each session of a user exists for that user; the authorizer keeps others out.
		server.WithSessions(func(context.Context, string) (bool, error) { return true, nil }),
	)
	if err != nil {
		return err
	}

	mux := http.NewServeMux()
	mux.Handle("/stream", srv)
	mux.HandleFunc("POST /login", logins.login)
	mux.HandleFunc("POST /logout", logins.logout)
	httpServer := &http.Server{
		Handler:           withCORS(mux),
		ReadHeaderTimeout: 5 * time.Second,
		ConnContext:       server.SendBuffer(64 << 10),
	}
	served := make(chan error, 1)
	go func() { served <- httpServer.Serve(listener) }()
	select {
	case err := <-served: // earlier than expected
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return errors.Join(srv.Shutdown(ctx), httpServer.Shutdown(ctx))
}

// withCORS lets the page read the answers. It comes before everything else: without its
// headers, a refusal would look like a network error to the page.
func withCORS(h http.Handler) http.Handler {
	return cors.New(cors.Options{
		AllowedOrigins:   []string{pageOrigin},
		AllowedMethods:   []string{http.MethodGet, http.MethodPost},
		AllowedHeaders:   []string{"Last-Event-ID"}, // for clients that use fetch
		ExposedHeaders:   []string{"Retry-After"},
		AllowCredentials: true,
		MaxAge:           600, // seconds for which a browser caches the answer
	}).Handler(h)
}
