package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"sync/atomic"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"

	"github.com/mixstream/mixstream/eventlog/natslog"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// replicaHeader tells which replica answered.
const replicaHeader = "X-Replica"

// site is a handler on a socket.
type site struct {
	url    string
	server *http.Server
	served chan struct{} // closed when the server ended
}

func startSite(h http.Handler) (*site, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &site{
		url:    "http://" + l.Addr().String(),
		server: &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second},
		served: make(chan struct{}),
	}
	go func() {
		defer close(s.served)
		_ = s.server.Serve(l) // returns after stop
	}()
	return s, nil
}

func (s *site) stop() {
	_ = s.server.Close() // an error of the listener changes nothing
	<-s.served
}

// replica is one of the servers. Replicas share only the log.
type replica struct {
	*site
	name   string
	server *mix.Server
	log    *natslog.Log
}

func startReplica(ctx context.Context, name, natsURL string) (*replica, error) {
	events, err := natslog.Open(ctx, natslog.Options{URL: natsURL})
	if err != nil {
		return nil, err
	}
	r := &replica{name: name, log: events}
	// Short times, so that the client moves often and the example ends soon.
	r.server, err = mix.NewServer(server.WithLog(events), server.WithTiming(server.Timing{Retry: 20 * time.Millisecond, MaxConnectionAge: 120 * time.Millisecond}))
	if err == nil {
		r.site, err = startSite(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			w.Header().Set(replicaHeader, name)
			r.server.ServeHTTP(w, req)
		}))
	}
	if err != nil {
		return nil, errors.Join(err, events.Close())
	}
	return r, nil
}

func (r *replica) stop() error {
	r.site.stop()
	return r.log.Close()
}

// startProxy starts a proxy that uses the targets in turn.
func startProxy(targets ...string) (*site, error) {
	urls := make([]*url.URL, len(targets))
	for i, target := range targets {
		var err error
		if urls[i], err = url.Parse(target); err != nil {
			return nil, err
		}
	}
	var n atomic.Uint64
	return startSite(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(urls[n.Add(1)%uint64(len(urls))]) },
	})
}

// nats is a NATS server with JetStream in this process.
type nats struct {
	*natsserver.Server
	dir string
}

func startNATS() (*nats, error) {
	dir, err := os.MkdirTemp("", "replicas")
	if err != nil {
		return nil, err
	}
	s, err := natsserver.NewServer(&natsserver.Options{
		Host: "127.0.0.1", Port: natsserver.RANDOM_PORT, NoSigs: true, NoLog: true, JetStream: true, StoreDir: dir,
	})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	s.Start()
	n := &nats{s, dir}
	if !s.ReadyForConnections(5 * time.Second) {
		n.stop()
		return nil, errors.New("the NATS server did not start")
	}
	return n, nil
}

func (n *nats) stop() {
	n.Shutdown()
	n.WaitForShutdown()
	_ = os.RemoveAll(n.dir) // the remaining files are temporary
}
