package server

import (
	"context"
	"sync/atomic"
	"time"
)

// life is the context of a detached stream, which net/http does not end any more: it
// ends when the client has left or the server cannot wait. Most streams are never
// waited for, so that there is no channel before somebody asks for it.
type life struct{ done atomic.Pointer[chan struct{}] }

// over is what done points to when a life has ended.
var over = func() *chan struct{} {
	c := make(chan struct{})
	close(c)
	return &c
}()

// end may be called by anybody, any number of times.
func (l *life) end() {
	if c := l.done.Swap(over); c != nil && c != over {
		close(*c)
	}
}

// Done implements context.Context.
func (l *life) Done() <-chan struct{} {
	if l.done.Load() == nil {
		c := make(chan struct{})
		l.done.CompareAndSwap(nil, &c)
	}
	return *l.done.Load()
}

// Err implements context.Context.
func (l *life) Err() error {
	if l.done.Load() == over {
		return context.Canceled
	}
	return nil
}

// Deadline implements context.Context.
func (*life) Deadline() (deadline time.Time, ok bool) { return time.Time{}, false }

// Value implements context.Context.
func (*life) Value(any) any { return nil }

// valued is a life with the values of a context.
type valued struct {
	*life
	values context.Context
}

// Value implements context.Context.
func (v valued) Value(key any) any { return v.values.Value(key) }
