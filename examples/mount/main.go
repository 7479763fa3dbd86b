// Command mount shows the stream server as one part of an application: mounted in an
// http.ServeMux beside the application's own routes, with an orderly shutdown.
//
// Run it:
//
//	go run ./examples/mount
//
// Then create a session, follow it, and start a turn of its agent:
//
//	curl -X POST http://127.0.0.1:8080/sessions/demo
//	curl -N 'http://127.0.0.1:8080/stream?sessionId=demo' &
//	curl -d '{"prompt": "Where is the log used?"}' http://127.0.0.1:8080/sessions/demo/turns
//
// Ctrl-C ends the stream with a last heartbeat, and then the program.
package main

import (
	"context"
	"errors"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/mixstream/mixstream/mix"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	listener, err := net.Listen("tcp", "127.0.0.1:8080")
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("listening on http://%s", listener.Addr())
	if err := run(ctx, listener); err != nil {
		log.Fatal(err)
	}
}

// shutdownTimeout is how long open requests may take to end.
const shutdownTimeout = 10 * time.Second

// run serves on the listener until the context is done, and then shuts down.
func run(ctx context.Context, listener net.Listener) error {
	srv, err := mix.NewServer()
	if err != nil {
		return err
	}
	api := newAPI(srv)
	defer api.close()

	mux := http.NewServeMux()
	mux.Handle("/stream", srv)
	mux.HandleFunc("GET /healthz", api.health)
	mux.HandleFunc("POST /sessions/{session}", api.createSession)
	mux.HandleFunc("POST /sessions/{session}/turns", api.startTurn)

	// Timeouts of the http.Server are safe: the stream server sets its own deadline for each
	// write.
	httpServer := &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      10 * time.Second,
	}
	served := make(chan error, 1)
	go func() { served <- httpServer.Serve(listener) }()
	select {
	case err := <-served: // earlier than expected
		return err
	case <-ctx.Done():
	}

	// The context is already done; the shutdown needs another one.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	// The streams come first, because http.Server.Shutdown waits for them but does not end
	// them. If some do not end in time, the rest must still shut down.
	err = errors.Join(srv.Shutdown(ctx), httpServer.Shutdown(ctx))
	if serveErr := <-served; !errors.Is(serveErr, http.ErrServerClosed) {
		err = errors.Join(err, serveErr)
	}
	return err
}
