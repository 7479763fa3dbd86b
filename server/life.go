package server

import (
	"context"
	"sync/atomic"
)

// life is the context of a detached stream, which net/http does not end any more: it
// ends when the client has left or the server cannot wait. Most streams are never
// waited for, so that there is no channel before somebody asks for it.
type life struct {
	context.Context // which has the values, and does not end
	done            atomic.Pointer[chan struct{}]
}

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
