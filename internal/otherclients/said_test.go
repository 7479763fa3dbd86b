package otherclients_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

// said is an item that a client delivers to its user.
type said struct {
	Kind string // open, event, error or end
	Name string
	ID   string
	Data string
	Text string // of an error or an end: the reason
}

func (s said) String() string {
	if s.Kind == "event" {
		return fmt.Sprintf("event %q %s %s", s.Name, s.ID, s.Data)
	}
	return s.Kind + " " + s.Text
}

// program is a third-party client. It reads the stream at a URL until the context ends or it
// gives up, and reports what it delivers to its user.
type program func(ctx context.Context, t *testing.T, url string, tell func(said))

// run is a running program.
type run struct {
	t    *testing.T
	site *site

	mu    sync.Mutex
	told  []said
	ended bool
}

// start runs a program that reads the stream of a site.
func start(t *testing.T, s *site, p program) *run {
	t.Helper()
	r := &run{t: t, site: s}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		p(ctx, t, s.url, func(what said) {
			r.mu.Lock()
			defer r.mu.Unlock()
			if ctx.Err() == nil {
				r.told = append(r.told, what)
			}
		})
		r.mu.Lock()
		defer r.mu.Unlock()
		r.ended = true
	})
	t.Cleanup(func() {
		cancel()
		s.wire.release()
		s.wire.cut() // some programs wait for data that cannot arrive any more
		running.Wait()
	})
	s.until("a request", func() bool { return len(s.wire.requests()) > 0 })
	return r
}

// events returns the reported events so far, and the other reports.
func (r *run) events() (events, rest []said) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.told {
		switch s.Kind {
		case "event":
			events = append(events, s)
		case "open":
		default:
			rest = append(rest, s)
		}
	}
	return events, rest
}

// await waits for a number of events, or for the program's end.
func (r *run) await(n int) {
	r.t.Helper()
	r.site.until(fmt.Sprintf("%d events", n), func() bool {
		events, _ := r.events()
		return len(events) >= n || r.hasEnded()
	})
}

func (r *run) hasEnded() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ended
}

// want expects exactly these events so far.
func (r *run) want(stage string, want []said) {
	r.t.Helper()
	r.await(len(want))
	got, rest := r.events()
	if !slices.Equal(got, want) {
		r.t.Fatalf("%s: it has told\n%v\nand besides\n%v\nwant\n%v\nthe wire had:\n%s", stage, got, rest, want, r.site.wire.text())
	}
}

// wantOn expects the program to continue: it reported no end, and at most the given number of
// connection failures.
func (r *run) wantOn(stage string, failures int) {
	r.t.Helper()
	_, rest := r.events()
	ends := slices.ContainsFunc(rest, func(s said) bool { return s.Kind == "end" })
	if r.hasEnded() || ends || len(rest) > failures {
		r.t.Fatalf("%s: it has told %v, want %d failures at most and no end", stage, rest, failures)
	}
}

// again reports whether the program makes another request after an answer with a status. It
// waits only briefly for that request, because some programs do not report their end.
func (r *run) again(status string) bool {
	r.t.Helper()
	r.site.until("an answer "+status, func() bool { return r.site.wire.count("HTTP/1.1 "+status) > 0 })
	for until := time.Now().Add(1500 * time.Millisecond); time.Now().Before(until) && !r.hasEnded(); time.Sleep(10 * time.Millisecond) {
		if r.site.wire.count("HTTP/1.1 "+status) > 1 {
			return true
		}
	}
	return false
}
