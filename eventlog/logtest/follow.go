package logtest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/mixstream/mixstream/eventlog"
)

func followBeforeRecord(f *fixture) {
	s := eventlog.Session{ID: "a", Scope: "x"}
	r := f.follow(s)
	_, end := r.bounds()
	f.wantNoRecord("a")
	end = r.expect(end)
	left, err := f.open(s)
	if err != nil {
		f.Fatalf("Follow: %v", err)
	}
	left.Close()
	f.wantNoRecord("a")
	r.expect(end, f.append(s, 1)...)
}

// boundsMissNothing tests that readers that are opened while entries come see all of them
// after the end that Bounds has returned.
func boundsMissNothing(f *fixture) {
	const n, readers = 300, 30
	type start struct {
		r   *follower
		end uint64
	}
	starts := make(chan start, readers)
	var all []eventlog.Entry
	var wg sync.WaitGroup
	wg.Go(func() {
		for range n {
			entries := f.entries(1)
			if err := f.log.Append(f.ctx, own("a"), nil, entries); err != nil {
				f.Errorf("Append: %v", err)
				return
			}
			all = append(all, entries...)
		}
	})
	wg.Go(func() {
		defer close(starts)
		for range readers {
			r, err := f.open(own("a"))
			if err != nil {
				f.Errorf("Follow: %v", err)
				return
			}
			f.Cleanup(r.Close)
			_, end, err := r.Bounds(f.ctx)
			if err != nil {
				f.Errorf("Bounds: %v", err)
				return
			}
			starts <- start{r, end}
		}
	})
	wg.Wait()
	for s := range starts {
		missing := all
		for len(missing) > 0 && missing[0].ID <= s.end {
			missing = missing[1:]
		}
		s.r.expect(s.end, missing...)
	}
}

// floorBeforeFirst tests that, with nothing trimmed, the floor stays before a session's
// first entry, even if Bounds runs while that entry comes.
func floorBeforeFirst(f *fixture) {
	for i := range 30 {
		s := own(fmt.Sprint("s", i))
		r := f.follow(s)
		appended := make(chan []eventlog.Entry)
		go func() {
			entries := f.entries(1)
			if err := f.log.Append(f.ctx, s, nil, entries); err != nil {
				f.Errorf("Append: %v", err)
			}
			appended <- entries
		}()
		highest := uint64(0)
		var first []eventlog.Entry
		for first == nil {
			floor, _, err := r.Bounds(f.ctx)
			if err != nil {
				f.Errorf("Bounds: %v", err)
			}
			highest = max(highest, floor)
			select {
			case first = <-appended:
			default:
			}
		}
		if highest >= first[0].ID {
			f.Fatalf("floor %d, before entry %d", highest, first[0].ID)
		}
	}
}

func closeReader(f *fixture) {
	a, b := f.follow(own("a")), f.follow(own("a"))
	_, end := a.bounds()
	entries := f.append(own("a"), 1)
	a.Close()
	a.Close()
	entries = append(entries, f.append(own("a"), 1)...)
	b.expect(end, entries...)
	b.Close()
	f.wantRecord(eventlog.Record{Session: own("a")})
	f.follow(own("a")).expect(end, entries...)
}

func cancelledContext(f *fixture) {
	f.create(own("a"))
	r := f.follow(own("a"))
	_, end := r.bounds()
	ctx, cancel := context.WithCancel(f.ctx)
	cancel()

	e := f.entry("content")
	_, lookup := f.log.Lookup(ctx, "a")
	_, follow := f.log.Follow(ctx, own("a"), func() {})
	_, _, bounds := r.Bounds(ctx)
	_, read := r.Read(ctx, end, everything)
	for call, err := range map[string]error{
		"Create":              f.log.Create(ctx, own("b"), &e),
		"Append":              f.log.Append(ctx, own("a"), nil, f.entries(1)),
		"Append with a key":   f.log.Append(ctx, own("a"), &eventlog.Key{Name: "k"}, f.entries(1)),
		"Append to a session": f.log.Append(ctx, own("b"), nil, f.entries(1)),
		"Delete":              f.log.Delete(ctx, "a", &e, time.Minute),
		"Lookup":              lookup,
		"Follow":              follow,
		"Bounds":              bounds,
		"Read":                read,
	} {
		f.want(call, err, context.Canceled)
	}
	f.wantNoRecord("b")
	r.expect(end, f.keyed(own("a"), "k", f.entries(2))...)
}
