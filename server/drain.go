package server

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// open streams, and their end.
type streams struct {
	mu       sync.Mutex
	open     map[*live]struct{}
	spread   time.Duration // over which the streams end that are open when draining begins
	draining atomic.Bool   // set with mu held
	drained  chan struct{} // closed when no stream was left after that
}

// Shutdown ends all streams in order. Each goes on for a random part of the drain window,
// and its last bytes tell a jittered reconnection time: in the contract's heartbeat event or,
// where it has none, in a retry line. A stream that is opened meanwhile or later begins as any
// other, is told such a time, and ends. So its client comes back, to another server or to the
// next process. Publish goes on as before. Over HTTP, the server answers 503 to a new request
// that publishes, and to one whose body is still on its way.
//
// It returns nil when no stream is open any more. The connection of a detached stream (see
// [WithDetachedStreams]) may keep it for up to a second longer. If the context ends first, it
// ends the rest at once and returns the context's error; another call waits until
// they are gone. Call it before http.Server.Shutdown, which waits for open streams
// but does not end them.
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
		for l := range st.open {
			l.call(callDrain)
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
	for l := range st.open {
		l.abort()
	}
	return ctx.Err()
}

// add notes an open stream and tells whether the server is shutting down.
func (st *streams) add(l *live) (draining bool) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.open == nil {
		st.open = make(map[*live]struct{})
	}
	st.open[l] = struct{}{}
	return st.draining.Load()
}

func (st *streams) remove(l *live) {
	st.mu.Lock()
	defer st.mu.Unlock()
	delete(st.open, l)
	if !st.draining.Load() || len(st.open) > 0 {
		return
	}
	select {
	case <-st.drained: // by streams that came and went before
	default:
		close(st.drained)
	}
}

// drainRetry returns the reconnection time for a client that is sent away.
func (s *engine) drainRetry() time.Duration {
	return s.cfg.retry + jitter(s.cfg.drainWindow)
}

// jitter returns a random time from zero up to d, in whole milliseconds.
func jitter(d time.Duration) time.Duration {
	if d < time.Millisecond {
		return 0
	}
	return rand.N(d).Truncate(time.Millisecond)
}
