package natslog

import (
	"context"
	"sync"

	"github.com/nats-io/nats.go"
)

// shared is an answer that all who ask for it at a time share: each gets one that
// was asked for after it came.
type shared[T any] struct {
	get func(context.Context) (T, error)

	mu   sync.Mutex
	next *answer[T] // what is asked next; nil: nobody waits
	busy bool
}

type answer[T any] struct {
	done  chan struct{}
	value T
	err   error
}

// ask returns an answer. Those under way are waited for by the log.
func (s *shared[T]) ask(ctx context.Context, l *Log) (T, error) {
	s.mu.Lock()
	if s.next == nil {
		s.next = &answer[T]{done: make(chan struct{})}
	}
	a := s.next
	if !s.busy {
		if !l.spawn(func() { s.run(l.ctx) }) {
			s.next = nil
			s.mu.Unlock()
			return a.value, nats.ErrConnectionClosed
		}
		s.busy = true
	}
	s.mu.Unlock()
	select {
	case <-a.done:
		return a.value, a.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// run asks until nobody waits.
func (s *shared[T]) run(ctx context.Context) {
	for {
		s.mu.Lock()
		a := s.next
		s.next = nil
		s.busy = a != nil
		s.mu.Unlock()
		if a == nil {
			return
		}
		a.value, a.err = s.get(ctx)
		close(a.done)
	}
}
