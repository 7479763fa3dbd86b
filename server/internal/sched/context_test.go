package sched

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"
)

type contextKey struct{}

func TestContext(t *testing.T) {
	for name, of := range map[string]func(*Context) context.Context{
		"bare": func(c *Context) context.Context { return c },
		"with values": func(c *Context) context.Context {
			values, cancel := context.WithCancel(context.WithValue(t.Context(), contextKey{}, "value"))
			cancel()
			return c.With(values)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var c Context
			ctx := of(&c)
			if _, ok := ctx.Deadline(); ok || ctx.Err() != nil {
				t.Errorf("before its end: a deadline: %t, %v", ok, ctx.Err())
			}
			if v := ctx.Value(contextKey{}); (v == "value") != (name == "with values") {
				t.Errorf("it has the value %v", v)
			}
			child, cancel := context.WithTimeout(ctx, time.Hour)
			defer cancel()
			done := ctx.Done()
			c.End()
			c.End()
			<-done
			<-child.Done() // closed within the call, without a goroutine of its own
			if !errors.Is(ctx.Err(), context.Canceled) || !errors.Is(child.Err(), context.Canceled) {
				t.Errorf("after its end: %v, and of what descends from it %v", ctx.Err(), child.Err())
			}
		})
	}
}

// A context that ended before anything waited for it allocates nothing.
func TestContextThatNothingWaitsFor(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() {
		var c Context
		if c.Err() != nil {
			t.Error(c.Err())
		}
		c.End()
		<-c.Done()
		if c.Err() == nil {
			t.Error("it has not ended")
		}
	}); n > 1 { // itself
		t.Errorf("%v allocations", n)
	}
}

// A context that ends while something begins to wait has one end for all.
func TestContextEndsOnce(t *testing.T) {
	for range 2000 {
		var c Context
		var all sync.WaitGroup
		for range 2 {
			all.Go(c.End)
			all.Go(func() {
				done := c.Done()
				if err := c.Err(); err != nil {
					select {
					case <-done:
					default:
						t.Errorf("%v, and it is not done", err)
					}
				}
				<-done
			})
		}
		all.Wait()
	}
}
