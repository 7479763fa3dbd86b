package main

import (
	"net"
	"net/http"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// front is a server that can be stopped and started again: only its address and the log stay
// the same.
type front struct {
	addr   string
	events eventlog.Log

	httpServer *http.Server
	served     chan struct{} // closed when httpServer ended
}

func (f *front) start() error {
	// A short reconnection time, so that the example ends soon.
	handler, err := mix.NewServer(server.WithLog(f.events), server.WithTiming(server.Timing{Retry: 20 * time.Millisecond}))
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", f.addr)
	if err != nil {
		return err
	}
	f.httpServer = &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	f.served = make(chan struct{})
	go func() {
		defer close(f.served)
		_ = f.httpServer.Serve(listener) // returns after stop
	}()
	return nil
}

// stop closes the listener and cuts all connections, like the end of a process. examples/mount
// shows an orderly shutdown.
func (f *front) stop() {
	_ = f.httpServer.Close() // an error of the listener changes nothing
	<-f.served
}
