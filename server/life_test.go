package server

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"
)

type lifeKey struct{}

// A life is a context like those of package context.
func TestLife(t *testing.T) {
	for name, ctx := range map[string]func(*life) context.Context{
		"life":   func(l *life) context.Context { return l },
		"valued": func(l *life) context.Context { return l.with(context.WithValue(t.Context(), lifeKey{}, "value")) },
	} {
		t.Run(name, func(t *testing.T) {
			var l life
			ctx := ctx(&l)
			if _, ok := ctx.Deadline(); ok || ctx.Err() != nil {
				t.Errorf("before its end: a deadline: %t, %v", ok, ctx.Err())
			}
			if v := ctx.Value(lifeKey{}); (v == "value") != (name == "valued") {
				t.Errorf("it has the value %v", v)
			}
			child, cancel := context.WithTimeout(ctx, time.Hour)
			defer cancel()
			done := ctx.Done()
			l.end()
			l.end()
			<-done
			<-child.Done() // closed within the call, without a goroutine of its own
			if !errors.Is(ctx.Err(), context.Canceled) || !errors.Is(child.Err(), context.Canceled) {
				t.Errorf("after its end: %v, and of what descends from it %v", ctx.Err(), child.Err())
			}
		})
	}
}

// A life that ends while somebody begins to wait has one end for all.
func TestLifeEndsOnce(t *testing.T) {
	for range 2000 {
		var l life
		var all sync.WaitGroup
		for range 2 {
			all.Go(l.end)
			all.Go(func() {
				done := l.Done()
				if err := l.Err(); err != nil {
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
		if l.Err() == nil {
			t.Error("it goes on")
		}
	}
}
