// Command cors shows the stream server behind CORS and an authorizer: a page of
// another origin follows the sessions of its user, and nobody else's.
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
// So does curl, which knows no origins:
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

// pageOrigin is where the page comes from. With credentials it must be named: a
// wildcard would let any page read what its visitor may read.
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
		server.WithReauthorization(time.Minute), // who logs out is cut off by then
		server.WithMaxStreamsPerClient(20, logins.user),
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
	case err := <-served: // before its time
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return errors.Join(srv.Shutdown(ctx), httpServer.Shutdown(ctx))
}

// withCORS lets the page read the answers. It comes before everything else: a
// refusal without its headers would be no more than a network error to the page.
func withCORS(h http.Handler) http.Handler {
	return cors.New(cors.Options{
		AllowedOrigins:   []string{pageOrigin},
		AllowedMethods:   []string{http.MethodGet, http.MethodPost},
		AllowedHeaders:   []string{"Last-Event-ID"}, // sent by clients that use fetch
		ExposedHeaders:   []string{"Retry-After"},
		AllowCredentials: true,
		MaxAge:           600, // seconds for which a browser need not ask again
	}).Handler(h)
}
