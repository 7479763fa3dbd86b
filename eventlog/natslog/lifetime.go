package natslog

import (
	"context"
	"sync"
	"time"
)

// lifetime owns the goroutines of a log.
type lifetime struct {
	ctx    context.Context // ends with end
	cancel context.CancelFunc
	wg     sync.WaitGroup
	mu     sync.Mutex // orders spawn and end
}

// newLifetime returns a lifetime with the values of ctx, whose end does not matter.
func newLifetime(ctx context.Context) *lifetime {
	t := new(lifetime)
	t.ctx, t.cancel = context.WithCancel(context.WithoutCancel(ctx))
	return t
}

// spawn starts a goroutine unless the log is closed, and reports whether it did.
func (t *lifetime) spawn(f func()) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.over() {
		return false
	}
	t.wg.Go(f)
	return true
}

// end cancels the context. The caller then unblocks the goroutines, and waits.
func (t *lifetime) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cancel()
}

func (t *lifetime) wait() { t.wg.Wait() }

func (t *lifetime) over() bool { return t.ctx.Err() != nil }

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
