package pglog

import "context"

// slots limits how many connections of the pool the calls of one kind have at a time, so that
// appends always find one. Calls get one in the order in which they ask.
type slots chan struct{}

// newSlots returns as many slots as are given, but at least one.
func newSlots(n int32) slots { return make(slots, max(n, 1)) }

func (s slots) take(ctx context.Context) error {
	select {
	case s <- struct{}{}:
		return nil
	case <-ctx.Done():
		return notSentError{ctx.Err()}
	}
}

func (s slots) free() { <-s }
