package main

import (
	"fmt"
	"net"
	"net/http"
)

// loadHijack is the floor with hijacked connections: a goroutine each, and one gathered write
// for all pending events.
type loadHijack struct{ *loadFloor }

func newLoadHijack(s loadSetup) (loadServer, error) {
	return loadHijack{newLoadFloor(s, true)}, nil
}

func (f loadHijack) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s := f.sessions[r.URL.Query().Get("sessionId")]
	if s == nil {
		http.NotFound(w, r)
		return
	}
	wake := make(chan struct{}, 1)
	next := s.enter(wake, f.replay)
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-cache")
	conn, err := hijack(w)
	if err != nil {
		s.leave(wake)
		return
	}
	go func() {
		defer s.leave(wake)
		defer conn.Close()
		for {
			s.mu.Lock()
			pending := s.frames[next:]
			s.mu.Unlock()
			next += len(pending)
			if err := writeGathered(conn, pending); err != nil {
				return
			}
			<-wake
		}
	}()
}

// hijack sends the header and takes the connection.
func hijack(w http.ResponseWriter) (net.Conn, error) {
	c := http.NewResponseController(w)
	if err := c.Flush(); err != nil {
		return nil, err
	}
	conn, _, err := c.Hijack()
	return conn, err
}

// writeGathered writes frames as one chunk.
func writeGathered(conn net.Conn, frames [][]byte) error {
	if len(frames) == 0 {
		return nil
	}
	size := 0
	for _, f := range frames {
		size += len(f)
	}
	chunk := make(net.Buffers, 0, len(frames)+2)
	chunk = append(chunk, fmt.Appendf(nil, "%x\r\n", size))
	chunk = append(chunk, frames...)
	chunk = append(chunk, []byte("\r\n"))
	_, err := chunk.WriteTo(conn)
	return err
}
