package server

import (
	"context"
	"sync/atomic"
	"time"
)

// life is the context of a detached stream, which net/http does not end any more: it
// ends when the client has left, when the server cannot wait, and with the stream. It
// has no values. Most streams never wait for anything, and have a word for it.
type life struct{ wait atomic.Pointer[wait] }

// wait is what there is of a life for which somebody waits.
type wait struct {
	context.Context
	end context.CancelFunc
}

func newWait() *wait {
	ctx, end := context.WithCancel(context.Background())
	return &wait{ctx, end}
}

// over is the wait for a life that has ended before anybody waited.
var over = func() *wait {
	w := newWait()
	w.end()
	return w
}()

// end may be called by anybody, any number of times.
func (l *life) end() {
	if !l.wait.CompareAndSwap(nil, over) {
		l.wait.Load().end()
	}
}

// Done implements context.Context.
func (l *life) Done() <-chan struct{} {
	if l.wait.Load() == nil {
		l.wait.CompareAndSwap(nil, newWait())
	}
	return l.wait.Load().Done()
}

// Err implements context.Context.
func (l *life) Err() error {
	if w := l.wait.Load(); w != nil {
		return w.Err()
	}
	return nil
}

// Value implements context.Context. By its only value, package context can tell the
// contexts that descend from it without a goroutine.
func (l *life) Value(key any) any {
	if w := l.wait.Load(); w != nil {
		return w.Value(key)
	}
	return nil
}

// Deadline implements context.Context.
func (*life) Deadline() (deadline time.Time, ok bool) { return time.Time{}, false }

// valued is a life with the values of a context.
type valued struct {
	*life
	values context.Context
}

// Value implements context.Context.
func (v valued) Value(key any) any {
	if value := v.life.Value(key); value != nil {
		return value
	}
	return v.values.Value(key)
}

// with returns the life with the values of a context, which may end.
func (l *life) with(ctx context.Context) context.Context {
	return valued{l, context.WithoutCancel(ctx)}
}
