// Package natstest runs nats-servers for tests.
package natstest

import (
	"net"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// Server is a nats-server in the process of the test, with JetStream, on the loopback interface.
type Server struct {
	*server.Server
	Options *server.Options // those of the next start
}

// Start starts a server, which stops with the test. Nil options are the defaults. Without a
// StoreDir the server stores in a folder that is removed with the test, and without a Port it
// takes a free one, which it keeps over a restart.
func Start(tb testing.TB, o *server.Options) *Server {
	tb.Helper()
	if o == nil {
		o = &server.Options{}
	}
	o.Host, o.NoSigs, o.NoLog, o.JetStream = "127.0.0.1", true, true, true
	if o.JetStreamMaxStore == 0 { // else what streams may reserve depends on the disk of the moment
		o.JetStreamMaxStore = 1 << 50
	}
	if o.Port == 0 {
		o.Port = server.RANDOM_PORT
	}
	if o.StoreDir == "" {
		o.StoreDir = tb.TempDir()
	}
	s := &Server{Options: o}
	s.Start(tb)
	tb.Cleanup(s.Stop)
	return s
}

// Start starts the server again after [Server.Stop].
func (s *Server) Start(tb testing.TB) {
	tb.Helper()
	started, err := server.NewServer(s.Options.Clone())
	if err != nil {
		tb.Fatal(err)
	}
	started.Start()
	if !started.ReadyForConnections(time.Minute) {
		tb.Fatal("the nats-server does not start")
	}
	s.Server = started
	s.Options.Port = started.Addr().(*net.TCPAddr).Port
}

// Stop stops the server, and waits until it has stopped.
func (s *Server) Stop() {
	s.Shutdown()
	s.WaitForShutdown()
}
