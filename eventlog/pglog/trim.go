package pglog

import (
	"hash/maphash"
	"sync"

	"github.com/jackc/pgx/v5"
)

// trimmer trims streams to Retention.Entries. It counts what this process appends to each
// stream, from a random number on, and looks at a stream after every eighth of the limit: what
// many short-lived processes append is trimmed as well, on average.
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
	isScope bool
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
	t.due = append(t.due, dueTrim{s, r.kind == createSession && r.of.Scope != "", r, first})
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
		if !t.life.over() && len(due) > 0 {
			t.trim(due)
		}
		for _, d := range due {
			d.request.finish(verdictDone, d.first)
		}
		if t.life.over() {
			return
		}
	}
}

// trim trims streams. What fails is tried again after as many entries.
func (t *trimmer) trim(due []dueTrim) {
	seen := make(map[stream]bool, len(due))
	var streams []stream
	var isScope []bool
	for _, d := range due {
		if !seen[d.stream] {
			seen[d.stream] = true
			streams, isScope = append(streams, d.stream), append(isScope, d.isScope)
		}
	}
	ctx, cancel := t.life.within(t.life.ctx, t.options.RequestTimeout)
	defer cancel()
	err := t.use(ctx, func(conn *pgx.Conn) error {
		var deleted int64
		return conn.QueryRow(ctx, t.text.trim, streams, isScope, t.options.Retention.Entries).Scan(&deleted)
	})
	if err != nil && !t.life.over() {
		t.options.Logger.Warn("pglog: trim", "error", err)
	}
}
