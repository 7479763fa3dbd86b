package natslog

import (
	"fmt"
	"sync/atomic"

	"github.com/mixstream/mixstream/eventlog"
)

// availability is what a log knows of whether it can be read and written to. Whoever
// notices something sets a flag or sends a signal; goroutines of the log act on it.
type availability struct {
	used      atomic.Bool                        // a caller has used the log
	lost      atomic.Bool                        // the connection is lost
	stale     atomic.Bool                        // the last comparison with the stream has failed
	foreign   atomic.Pointer[foreignStreamError] // why the streams are not those of the log; nil: they are
	blocked   atomic.Pointer[error]              // why nothing can be appended; nil: as far as is known, it can
	suspected atomic.Bool                        // an entry is missing: the store may be damaged
	checks    chan struct{}                      // asks for a comparison with the stream
	doubts    chan struct{}                      // asks to find out whether entries can be appended
}

// checkSoon asks for a comparison of the caches with the stream.
func (a *availability) checkSoon() { signal(a.checks) }

// doubt asks to find out whether entries can be appended.
func (a *availability) doubt() { signal(a.doubts) }

func signal(to chan struct{}) {
	select {
	case to <- struct{}{}:
	default:
	}
}

// suspect says that the store of an embedded server may be damaged.
func (a *availability) suspect() {
	a.suspected.Store(true)
	a.doubt()
}

// use notes that a caller uses the log, and does not only look at it.
func (a *availability) use() {
	if !a.used.Load() {
		a.used.Store(true)
		a.checkSoon()
	}
}

// readable returns an error if the log cannot be reached, as far as is known.
func (a *availability) readable() error {
	switch foreign := a.foreign.Load(); {
	case a.lost.Load():
		return fmt.Errorf("natslog: %w: the connection is lost", eventlog.ErrUnavailable)
	case foreign != nil:
		return fmt.Errorf("natslog: %w: %w", eventlog.ErrUnavailable, *foreign)
	case a.stale.Load():
		return fmt.Errorf("natslog: %w: the stream does not answer", eventlog.ErrUnavailable)
	}
	return nil
}

// writable returns an error if nothing can be appended, as far as is known.
func (a *availability) writable() error {
	if why := a.blocked.Load(); why != nil {
		return fmt.Errorf("natslog: %w: nothing can be appended: %w", eventlog.ErrUnavailable, *why)
	}
	return nil
}

// ours returns an error while the streams are not those of the log.
func (a *availability) ours() error {
	if foreign := a.foreign.Load(); foreign != nil {
		return *foreign
	}
	return nil
}
