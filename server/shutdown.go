package server

import (
	"context"
	"time"
)

// shutdown implements [Server.Shutdown].
func (s *engine) shutdown(ctx context.Context) error {
	st := &s.streams
	st.mu.Lock()
	if !st.draining.Load() {
		st.spread = min(s.cfg.drainWindow, time.Duration(len(st.open))*10*time.Millisecond)
		if deadline, ok := ctx.Deadline(); ok {
			st.spread = min(st.spread, time.Until(deadline)/2)
		}
		st.draining.Store(true)
		s.ingest.Drain()
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
