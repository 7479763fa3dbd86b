package streamtest

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Server is an HTTP/1.1 server on a local port. It plays a script on each connection, and
// then closes it, so a connection has one request. A Server is safe for concurrent use.
type Server struct {
	// URL is the address of the server, of the form http://127.0.0.1:port.
	URL string

	listener net.Listener
	scripts  []Script
	running  sync.WaitGroup
	ctx      context.Context
	stop     context.CancelFunc

	mu       sync.Mutex // guards the fields below
	accepted int
	requests []*http.Request
	bodies   [][]byte
}

// NewServer starts a server that plays the first script to the first request, the second to
// the second, and the last one to all later requests. The caller must close it. NewServer
// panics if it cannot listen, as httptest.NewServer does.
func NewServer(scripts ...Script) *Server {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(fmt.Sprintf("streamtest: %v", err))
	}
	s := &Server{URL: "http://" + listener.Addr().String(), listener: listener, scripts: scripts}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.running.Go(s.accept)
	return s
}

// Close ends all connections in the middle of their scripts, and refuses new ones. It
// returns once all goroutines of the server have ended. It may be called more than once.
func (s *Server) Close() {
	s.stop()
	s.listener.Close()
	s.running.Wait()
}

// Connections returns the number of connections so far, with or without a request.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accepted
}

// Requests returns the requests so far, in the order in which they came. Each call returns
// copies, whose bodies can be read.
func (s *Server) Requests() []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	requests := slices.Clone(s.requests)
	for i, r := range requests {
		requests[i] = r.Clone(r.Context())
		requests[i].Body = io.NopCloser(bytes.NewReader(s.bodies[i]))
	}
	return requests
}

// LastEventIDs returns the header Last-Event-ID of each request so far, or an empty string
// for a request without one. Commas join several values of one request.
func (s *Server) LastEventIDs() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []string
	for _, r := range s.requests {
		ids = append(ids, strings.Join(r.Header.Values("Last-Event-ID"), ","))
	}
	return ids
}

func (s *Server) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.accepted++
		s.mu.Unlock()
		s.running.Go(func() { s.serve(conn) })
	}
}

// serve plays a script on a connection.
func (s *Server) serve(conn net.Conn) {
	defer conn.Close()
	defer context.AfterFunc(s.ctx, func() { conn.Close() })()
	request, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return
	}
	// Closing a connection with an unread body would reset it.
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return
	}
	request.Body = io.NopCloser(bytes.NewReader(body))
	c := &Conn{Conn: conn, Request: request.WithContext(s.ctx)}
	for _, step := range s.record(c.Request, body) {
		if err := step(c); err != nil {
			return
		}
	}
	c.finish()
}

// record keeps a request and returns its script.
func (s *Server) record(r *http.Request, body []byte) Script {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, r)
	s.bodies = append(s.bodies, body)
	if len(s.scripts) == 0 {
		return nil
	}
	return s.scripts[min(len(s.requests), len(s.scripts))-1]
}
