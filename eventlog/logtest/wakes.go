package logtest

import (
	"sync"

	"github.com/mixstream/mixstream/eventlog"
)

func wakesItsReaders(f *fixture) {
	a := []*follower{f.follow(own("a")), f.follow(own("a")), f.follow(own("a"))}
	others := []*follower{f.follow(own("b")), f.follow(eventlog.Session{ID: "c", Scope: "a"})}
	_, at := a[0].bounds()
	for range 20 {
		e := f.append(own("a"), 2)
		for _, r := range a {
			r.await("an entry was appended to the session")
			r.expect(at, e...)
		}
		at = e[1].ID
	}
	f.delete("a", patience)
	for _, r := range a {
		r.await("the session was deleted")
	}
	wantAsleep(f, others...)
}

func wakesScope(f *fixture) {
	s := eventlog.Session{ID: "a", Scope: "x"}
	inX := []*follower{f.follow(s), f.follow(s), f.follow(eventlog.Session{ID: "b", Scope: "x"})}
	others := []*follower{f.follow(eventlog.Session{ID: "c", Scope: "y"}), f.follow(own("x"))}
	_, at := inX[0].bounds()
	expect := func(e eventlog.Entry) {
		f.Helper()
		for _, r := range inX {
			r.await("an entry was appended to the scope")
			r.expect(at, e)
		}
		at = e.ID
	}
	for _, id := range []string{"a", "b", "c", "d"} {
		s := eventlog.Session{ID: id, Scope: "x"}
		expect(f.create(s))
		f.follow(s).Close()
		expect(f.delete(id, patience))
	}
	wantAsleep(f, others...)
}

// wantAsleep checks that entries for other readers have woken none of these.
func wantAsleep(f *fixture, readers ...*follower) {
	f.Helper()
	for i, r := range readers {
		if n := r.wakes.Load(); n > 0 {
			f.Errorf("reader %d was woken %d times by entries for others", i, n)
		}
	}
}

func wakeEndsWithClose(f *fixture) {
	s := eventlog.Session{ID: "a", Scope: "x"}
	witness := f.follow(s)
	var closed [30]*follower
	var wakes [len(closed)]int64
	var appending sync.WaitGroup
	for i := range closed {
		r := f.follow(s)
		appending.Go(func() {
			for range 3 {
				if err := f.log.Append(f.ctx, s, nil, f.entries(1)); err != nil {
					f.Errorf("Append: %v", err)
					return
				}
			}
		})
		r.await("entries are being appended")
		r.Close()
		closed[i], wakes[i] = r, r.wakes.Load()
	}
	appending.Wait()
	_, end := witness.bounds()
	witness.expect(end, f.create(eventlog.Session{ID: "b", Scope: "x"}))
	for i, r := range closed {
		if n := r.wakes.Load(); n != wakes[i] {
			f.Errorf("reader %d was woken %d times after Close", i, n-wakes[i])
		}
	}
}
