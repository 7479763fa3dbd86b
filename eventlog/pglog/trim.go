package pglog

import (
	"hash/maphash"
	"maps"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"
)

// trimmer trims streams to Retention.Entries. It counts what this process appends to each
// stream, from a random number on, and looks at a stream after every eighth of the limit. What
// other processes append is for the function retain to notice.
//
// The append that made the trimmer look waits until it has. So a log with one writer at a time
// does not trim beside a reader of that writer.
type trimmer struct {
	*store
	every int64 // a stream is looked at after so many entries; 0: never
	seed  maphash.Seed
	work  chan struct{}

	mu     sync.Mutex // guards the fields below
	counts map[stream]int64
	due    []dueTrim
}

// dueTrim is a stream to look at, and the request that waits for it.
type dueTrim struct {
	stream  stream
	request *request
	first   uint64
}

// maxCounts is for how many streams the trimmer keeps a count.
const maxCounts = 100_000

func newTrimmer(s *store) *trimmer {
	t := &trimmer{store: s, seed: maphash.MakeSeed(), work: make(chan struct{}, 1), counts: make(map[stream]int64)}
	if keep := s.options.Retention.Entries; keep > 0 {
		t.every = max(keep/8, 1)
	}
	return t
}

// add counts the entries of a request that was made, the first of which has an id. It reports
// whether it will finish the request.
func (t *trimmer) add(r *request, first uint64) bool {
	if t.every == 0 || r.kind == deleteSession {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	s := r.target()
	n, known := t.counts[s]
	if !known {
		if len(t.counts) >= maxCounts {
			clear(t.counts) // each begins anew at a random number
		}
		n = int64(maphash.Comparable(t.seed, s) % uint64(t.every)) //nolint:gosec // it is below t.every
	}
	n += int64(len(r.entries))
	if n < t.every {
		t.counts[s] = n
		return false
	}
	t.counts[s] = 0
	t.due = append(t.due, dueTrim{s, r, first})
	signal(t.work)
	return true
}

func (t *trimmer) run() {
	for {
		select {
		case <-t.work:
		case <-t.life.ctx.Done():
		}
		t.mu.Lock()
		due := t.due
		t.due = nil
		t.mu.Unlock()
		streams := make(map[stream]struct{}, len(due))
		for _, d := range due {
			streams[d.stream] = struct{}{}
		}
		t.trim(slices.Collect(maps.Keys(streams)), 0)
		for _, d := range due {
			d.request.finish(verdictDone, d.first)
		}
		if t.life.over() {
			return
		}
	}
}

// trimStep is how many entries one transaction trims at most.
const trimStep = 10_000

// trim trims streams that have slack entries more than the limit. What fails is tried again after
// as many entries.
func (t *trimmer) trim(streams []stream, slack int64) {
	for more := len(streams) > 0; more && !t.life.over(); {
		ctx, cancel := t.life.within(t.life.ctx, t.options.RequestTimeout)
		err := t.use(ctx, func(conn *pgx.Conn) error {
			return conn.QueryRow(ctx, t.text.trim, streams, t.options.Retention.Entries, slack, trimStep).Scan(&more)
		})
		cancel()
		if err != nil {
			if !t.life.over() {
				t.options.Logger.Warn("pglog: trim", "error", err)
			}
			return
		}
	}
}
