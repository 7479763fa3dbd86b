package sched

import (
	"context"
	"sync/atomic"
	"time"
)

// Context is a context.Context without a parent and without values, for a task that
// outlives its request. It must not be copied. The zero Context has not ended. Most tasks
// never wait for anything, so it is one word until a call of Done.
type Context struct{ waited atomic.Pointer[waited] }

// waited is a Context for whose end something waits.
type waited struct {
	context.Context
	cancel context.CancelFunc
}

func newWaited() *waited {
	ctx, cancel := context.WithCancel(context.Background())
	return &waited{ctx, cancel}
}

// ended is a Context that ended before anything waited for it.
var ended = func() *waited {
	w := newWaited()
	w.cancel()
	return w
}()

// End ends the context. Anybody may call it, any number of times.
func (c *Context) End() {
	if !c.waited.CompareAndSwap(nil, ended) {
		c.waited.Load().cancel()
	}
}

// Done implements context.Context.
func (c *Context) Done() <-chan struct{} {
	if c.waited.Load() == nil {
		c.waited.CompareAndSwap(nil, newWaited())
	}
	return c.waited.Load().Done()
}

// Err implements context.Context.
func (c *Context) Err() error {
	if w := c.waited.Load(); w != nil {
		return w.Err()
	}
	return nil
}

// Value implements context.Context. Package context tells by the only value which contexts
// descend from this one, and needs no goroutine for them.
func (c *Context) Value(key any) any {
	if w := c.waited.Load(); w != nil {
		return w.Value(key)
	}
	return nil
}

// Deadline implements context.Context: there is none.
func (*Context) Deadline() (deadline time.Time, ok bool) { return time.Time{}, false }

// With returns a context that ends with c, and has the values of another, whose end does not
// matter.
func (c *Context) With(values context.Context) context.Context {
	return withValues{c, context.WithoutCancel(values)}
}

type withValues struct {
	*Context
	values context.Context
}

// Value implements context.Context.
func (v withValues) Value(key any) any {
	if value := v.Context.Value(key); value != nil {
		return value
	}
	return v.values.Value(key)
}
