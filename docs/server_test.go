package docs_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// serveUntil serves until the context is done, and then shuts down in order.
func serveUntil(ctx context.Context, srv *mix.Server, l net.Listener) error {
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
	srv, err := mix.NewServer()
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
