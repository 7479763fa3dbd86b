package natslog

import (
	"context"
	"sync"

	"github.com/nats-io/nats.go"
)

// coalesced shares one answer among all who ask at a time. Each caller gets an answer
// to a question that was asked after the call began.
type coalesced[T any] struct {
	question func(context.Context) (T, error)

	mu   sync.Mutex // guards the fields below
	next *answer[T] // the answer to the next question; nil: no caller waits
	busy bool
}

type answer[T any] struct {
	done  chan struct{}
	value T
	err   error
}

// ask returns an answer. The goroutine that asks belongs to the lifetime.
func (c *coalesced[T]) ask(ctx context.Context, life *lifetime) (T, error) {
	c.mu.Lock()
	if c.next == nil {
		c.next = &answer[T]{done: make(chan struct{})}
	}
	a := c.next
	if !c.busy {
		if !life.spawn(func() { c.run(life.ctx) }) {
			c.next = nil
			c.mu.Unlock()
			return a.value, nats.ErrConnectionClosed
		}
		c.busy = true
	}
	c.mu.Unlock()
	select {
	case <-a.done:
		return a.value, a.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// run asks until no caller waits.
func (c *coalesced[T]) run(ctx context.Context) {
	for {
		c.mu.Lock()
		a := c.next
		c.next = nil
		c.busy = a != nil
		c.mu.Unlock()
		if a == nil {
			return
		}
		a.value, a.err = c.question(ctx)
		close(a.done)
	}
}
