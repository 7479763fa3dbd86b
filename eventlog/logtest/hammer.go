package logtest

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/mixstream/mixstream/eventlog"
)

var seedFlag = flag.Uint64("logtest.seed", 0, "seed of the hammer of eventlog/logtest; 0 uses the clock")

const (
	hammerAppenders = 6
	hammerCalls     = 250 // of each appender
	hammerReaders   = 2   // of each session
)

// hammerSessions are the sessions that the hammer appends to and reads.
var hammerSessions = []eventlog.Session{
	{ID: "a", Scope: "x"},
	{ID: "b", Scope: "x"},
	{ID: "c", Scope: "y"},
	{ID: "x", Scope: "y"},
	{ID: "d"},
	{ID: "y"},
}

// acked collects what the log has acknowledged: the entries of each session, and those of
// each scope under the session without an id.
type acked struct {
	mu      sync.Mutex
	entries map[eventlog.Session][]eventlog.Entry
}

func (a *acked) add(to eventlog.Session, entries ...eventlog.Entry) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.entries[to] = append(a.entries[to], entries...)
}

// of returns what the readers of the session must have got.
func (a *acked) of(s eventlog.Session) []eventlog.Entry {
	all := slices.Clone(a.entries[s])
	if s.Scope != "" {
		all = append(all, a.entries[eventlog.Session{Scope: s.Scope}]...)
	}
	slices.SortFunc(all, byID)
	return all
}

// hammer appends to several sessions and scopes from many goroutines while others read
// them, and compares what was read with what was acknowledged.
func hammer(f *fixture) {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	f.Logf("-logtest.seed=%d", seed)

	a := &acked{entries: make(map[eventlog.Session][]eventlog.Entry)}
	last := make(map[eventlog.Session]uint64) // set before done is closed
	done := make(chan struct{})
	var reading, appending sync.WaitGroup
	for i := range hammerReaders * len(hammerSessions) {
		s := hammerSessions[i%len(hammerSessions)]
		r := &hammerReader{fixture: f, session: s, done: done, rng: rand.New(rand.NewPCG(seed, uint64(i)))}
		start := f.follow(s)
		_, r.at = start.bounds()
		start.Close()
		reading.Go(func() {
			if err := r.readAll(last); err != nil {
				f.Errorf("a reader of %+v: %v", s, err)
				return
			}
			all := a.of(s)
			for _, v := range r.runs {
				v.check(f, all)
			}
		})
	}
	for i := range hammerAppenders {
		appending.Go(func() {
			ap := appender{f, a, fmt.Sprint("temporary", i), rand.New(rand.NewPCG(seed, uint64(1000+i)))}
			if err := ap.run(); err != nil {
				f.Errorf("an appender: %v", err)
			}
		})
	}
	appending.Wait()
	for _, s := range hammerSessions {
		if all := a.of(s); len(all) > 0 {
			last[s] = all[len(all)-1].ID
		}
	}
	close(done)
	reading.Wait()
}
