package server

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// streams holds what a server has open, so that Shutdown can end it.
type streams struct {
	mu       sync.Mutex
	open     map[ender]struct{}
	spread   time.Duration // the time over which the open streams end; set once draining begins
	draining atomic.Bool   // set with mu held
	drained  chan struct{} // closed when the last one has ended after that
}

// ender is an open stream, or what is left of one (parting). Shutdown calls its methods with
// streams.mu held.
type ender interface {
	drain() // ends it in order
	abort() // ends it at once
}

// Shutdown ends all streams in order. Each stream goes on for a random part of the drain window.
// Its last bytes tell a jittered reconnection time, in the contract's heartbeat event or, if
// there is none, in a retry line. A stream that a client opens after the call tells such a time
// with its first event, and ends. So each client comes back later, to another server or to the
// next process. Publish goes on as before. Over HTTP, the server answers 503 to a new request
// that publishes, and to one whose body has not yet come to its end.
//
// Shutdown returns nil once no stream is open. The connection of a detached stream
// ([WithDetachedStreams]) may take up to a second longer. If the context ends first, Shutdown
// ends the rest at once and returns the context's error; another call waits until they are gone.
// Call it before http.Server.Shutdown, which waits for open streams but does not end them.
func (s *engine) Shutdown(ctx context.Context) error {
	st := &s.streams
	st.mu.Lock()
	if !st.draining.Load() {
		st.spread = min(s.cfg.drainWindow, time.Duration(len(st.open))*10*time.Millisecond)
		if deadline, ok := ctx.Deadline(); ok {
			st.spread = min(st.spread, time.Until(deadline)/2)
		}
		st.draining.Store(true)
		close(s.stopReceiving)
		for e := range st.open {
			e.drain()
		}
		if len(st.open) == 0 {
			close(st.drained)
		}
	}
	st.mu.Unlock()

	select {
	case <-st.drained:
		return nil
	case <-ctx.Done():
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	if len(st.open) == 0 {
		return nil
	}
	for e := range st.open {
		e.abort()
	}
	return ctx.Err()
}

// add adds an open stream, and reports whether the server is shutting down.
func (st *streams) add(e ender) (draining bool) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.open == nil {
		st.open = make(map[ender]struct{})
	}
	st.open[e] = struct{}{}
	return st.draining.Load()
}

// replace puts the parting of a stream in its place, and reports whether the server is shutting
// down.
func (st *streams) replace(e, parting ender) (draining bool) {
	st.mu.Lock()
	defer st.mu.Unlock()
	delete(st.open, e)
	st.open[parting] = struct{}{}
	return st.draining.Load()
}

// remove removes what has ended.
func (st *streams) remove(e ender) {
	st.mu.Lock()
	defer st.mu.Unlock()
	delete(st.open, e)
	if !st.draining.Load() || len(st.open) > 0 {
		return
	}
	select {
	case <-st.drained: // by streams that came and went before
	default:
		close(st.drained)
	}
}
