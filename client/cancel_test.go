package client_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/mixstream/mixstream/client"
)

// eachState runs a test in each state; if a stream is open already, both in Next and in All.
func eachState(t *testing.T, states []blocked, test func(t *testing.T, b blocked, all bool)) {
	t.Helper()
	for _, b := range states {
		t.Run(b.name, func(t *testing.T) { test(t, b, false) })
		if !b.first {
			t.Run(b.name+" in All", func(t *testing.T) { test(t, b, true) })
		}
	}
}

// TestCancelInEachState cancels the context of a stream that waits.
func TestCancelInEachState(t *testing.T) {
	eachState(t, blockedStates, func(t *testing.T, b blocked, all bool) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		bs := b.block(t, ctx, all)
		await(t, "the state", bs.entered)
		cancel()
		if err := await(t, "the end", bs.ended); !errors.Is(err, context.Canceled) || errors.Is(err, client.ErrClosed) {
			t.Errorf("error: %v", err)
		}
		bs.freed()
	})
}

// TestCloseOfABlockedStream closes a stream that waits, from two goroutines at once.
func TestCloseOfABlockedStream(t *testing.T) {
	open := slices.DeleteFunc(slices.Clone(blockedStates), func(b blocked) bool { return b.first })
	eachState(t, open, func(t *testing.T, b blocked, all bool) {
		bs := b.block(t, t.Context(), all)
		s := await(t, "the stream", bs.stream)
		await(t, "the state", bs.entered)
		var closing sync.WaitGroup
		for range 2 {
			closing.Go(func() { s.Close() })
		}
		closing.Wait()
		if err := await(t, "the end", bs.ended); !errors.Is(err, client.ErrClosed) {
			t.Errorf("error: %v", err)
		}
		if s.Next() || !errors.Is(s.Err(), client.ErrClosed) || s.LastEventID() != "1" {
			t.Errorf("after the end: %v, last event id %q", s.Err(), s.LastEventID())
		}
		bs.freed()
	})
}
