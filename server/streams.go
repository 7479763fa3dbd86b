package server

import (
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
