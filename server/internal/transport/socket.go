package transport

import (
	"bytes"
	"errors"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/mixstream/mixstream/server/internal/clock"
)

// Socket is an [Out] over a connection taken from net/http. It frames each write as one
// chunk (RFC 9112, section 7.1). While it is idle it holds no buffer and no goroutine.
type Socket struct {
	conn   net.Conn
	raw    syscall.RawConn // of conn; nil: it cannot be written to without waiting
	config *Config
	owed   *[]byte // the rest of a write; nil: nothing is owed, as most of the time

	// mu guards aborted, and the deadlines against Abort.
	mu      sync.Mutex
	aborted bool

	broken bool // a write has failed: nothing more is written
	ended  bool // the last chunk is out
}

// Raw returns the connection for sched.Pool.Watch; nil if it is wrapped.
func (s *Socket) Raw() syscall.RawConn { return s.raw }

// Write implements Out. If it may not block, it writes as much as the connection takes at once.
func (s *Socket) Write(_ clock.Instant, b Buffer, mayBlock bool) (out bool, err error) {
	switch {
	case b.Len() == 0:
		return true, nil // an empty chunk would end the body
	case s.broken:
		return false, errFailed
	case s.owed != nil:
		return false, errOwed
	}
	chunk := b.Chunk()
	if mayBlock {
		err := s.send(chunk)
		return err == nil, err
	}
	if s.isAborted() {
		return false, ErrAborted
	}
	n := 0
	if s.raw != nil {
		if n, err = tryWrite(s.raw, chunk); err != nil {
			return false, s.fail(err)
		}
	}
	if n < len(chunk) {
		rest := bytes.Clone(chunk[n:]) // another stream needs the buffer
		s.owed = &rest
		return false, nil
	}
	return true, nil
}

// Pay implements Out. What it fails to send stays owed.
func (s *Socket) Pay() error {
	if s.owed == nil {
		return nil
	}
	if s.broken {
		return errFailed
	}
	if err := s.send(*s.owed); err != nil {
		return err
	}
	s.owed = nil
	return nil
}

// Abort implements Out. It also ends a parting.
func (s *Socket) Abort() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.aborted {
		s.aborted = true // before the deadlines move: a write that they end must find it
		_ = s.conn.SetWriteDeadline(past)
		_ = s.conn.SetReadDeadline(past) // of a parting
	}
}

func (s *Socket) isAborted() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.aborted
}

// send waits until all is written, or the write timeout has passed. It leaves no deadline.
func (s *Socket) send(p []byte) error {
	if err := s.setWriteDeadline(time.Now().Add(s.config.WriteTimeout)); err != nil {
		return err
	}
	_, err := s.conn.Write(p)
	_ = s.setWriteDeadline(time.Time{})
	if err != nil {
		return s.fail(err)
	}
	return nil
}

// setWriteDeadline sets the deadline, or returns ErrAborted. A connection that has none is
// written to without.
func (s *Socket) setWriteDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.aborted {
		return ErrAborted
	}
	_ = s.conn.SetWriteDeadline(t)
	return nil
}

// fail notes that a write has failed, and returns why.
func (s *Socket) fail(err error) error {
	s.broken = true
	switch {
	case s.isAborted():
		return causedError{err, ErrAborted}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return err
	}
	return causedError{err, ErrHungUp} // nothing but the client stands behind a socket
}
