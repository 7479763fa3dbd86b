package pglog

import (
	"context"
	"sync"
	"time"
)

// lifetime owns the goroutines of a log.
type lifetime struct {
	ctx    context.Context // ends with the log
	cancel context.CancelCauseFunc
	wg     sync.WaitGroup
}

// newLifetime returns a lifetime with the values of ctx, whose end does not matter.
func newLifetime(ctx context.Context) *lifetime {
	l := new(lifetime)
	l.ctx, l.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	return l
}

// end ends the goroutines, and waits for them.
func (l *lifetime) end() {
	l.cancel(errClosed)
	l.wg.Wait()
}

func (l *lifetime) over() bool { return l.ctx.Err() != nil }

// within returns the context of a call of the database that may take that long. It ends with ctx
// and with the log.
func (l *lifetime) within(ctx context.Context, d time.Duration) (limited context.Context, cancel func()) {
	limited, end := context.WithTimeout(ctx, d)
	if l.over() {
		end() // AfterFunc would do it a little later
	}
	stop := context.AfterFunc(l.ctx, end)
	return limited, func() { stop(); end() }
}

// sleep waits for d, and reports whether the context has lasted.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// signal makes a channel of one signal ready.
func signal(to chan struct{}) {
	select {
	case to <- struct{}{}:
	default:
	}
}
