package logtest

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/mixstream/mixstream/eventlog"
)

// nothingAfterDelete deletes sessions while other goroutines append to them. What was
// acknowledged must stand before the end, and what was refused must not be there.
func nothingAfterDelete(f *fixture) {
	const sessions, writers, calls = 10, 4, 20
	for i := range sessions {
		s := own(fmt.Sprint("s", i))
		if i%2 == 0 {
			s.Scope = fmt.Sprint("scope of ", i)
		}
		r := f.follow(s)
		_, start := r.bounds()
		all := []eventlog.Entry{f.create(s)}
		var mu sync.Mutex
		var appending sync.WaitGroup
		begun := make(chan struct{}, writers)
		for w := range writers {
			appending.Go(func() {
				var acked []eventlog.Entry
				for n := range calls {
					entries := f.entries(1 + n%2)
					var key *eventlog.Key
					if w%2 == 0 {
						key = &eventlog.Key{Name: fmt.Sprint(w, n)}
					}
					err := f.log.Append(f.ctx, s, key, entries)
					if n == 0 {
						begun <- struct{}{}
					}
					if err != nil {
						if !errors.Is(err, eventlog.ErrSessionDeleted) {
							f.Errorf("Append: %v", err)
						}
						break
					}
					acked = append(acked, entries...)
				}
				mu.Lock()
				defer mu.Unlock()
				all = append(all, acked...)
			})
		}
		for range i % (writers + 1) { // some sessions end before the first append
			<-begun
		}
		last := f.delete(s.ID, patience)
		appending.Wait()
		slices.SortFunc(all, byID)
		if late := all[len(all)-1]; late.ID > last.ID {
			f.Fatalf("entry %d was appended after the end of the session, %d", late.ID, last.ID)
		}
		r.expect(start, append(all, last)...)
	}
}

func byID(a, b eventlog.Entry) int {
	if a.ID < b.ID {
		return -1
	}
	return 1
}
