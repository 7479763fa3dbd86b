package natslog

import (
	"context"
	"slices"
	"sync"

	"github.com/nats-io/nats.go"

	"github.com/mixstream/mixstream/eventlog"
)

// What a feed holds at most of the latest entries. Readers that are further behind
// read the stream.
const (
	maxCached      = 256
	maxCachedBytes = 256 << 10
)

// feed is what this process knows of one subject, for as long as it has readers.
type feed struct {
	subject   string
	session   string // if it is that of a session
	ofSession bool
	sub       *nats.Subscription

	refs    int      // guarded by Log.mu, as is
	opening *opening // nil: it is open

	mu      sync.Mutex // guards what follows
	last    uint64     // the last message under the subject, or what it may have had up to
	through uint64     // there is nothing under the subject after last up to this
	from    uint64     // recent has every entry after this up to last
	recent  []eventlog.Entry
	bytes   int // of recent
	touched bool
	readers []*reader
	asking  *shared[tail]
}

// opening is a feed's until it is open.
type opening struct {
	done chan struct{}
	err  error
}

// follow returns the feed for one of its subject, which is made by it if there is
// none. The caller lets go of it.
func (l *Log) follow(ctx context.Context, of *feed, empty mark) (*feed, error) {
	l.mu.Lock()
	f := l.feeds[of.subject]
	first := f == nil
	if first {
		f = of
		f.opening = &opening{done: make(chan struct{})}
		l.feeds[f.subject] = f
	}
	f.refs++
	o := f.opening
	l.mu.Unlock()
	switch {
	case first:
		// Others may wait for it, whatever becomes of the one who came first.
		o.err = l.openFeed(context.WithoutCancel(ctx), f, empty)
		l.mu.Lock()
		f.opening = nil
		l.young = append(l.young, f)
		if o.err != nil {
			delete(l.feeds, f.subject)
		}
		l.mu.Unlock()
		close(o.done)
	case o != nil:
		select {
		case <-o.done:
		case <-ctx.Done():
			l.unfollow(f)
			return nil, ctx.Err()
		}
	}
	if o != nil && o.err != nil {
		l.unfollow(f)
		return nil, o.err
	}
	f.raise(empty.position)
	return f, nil
}

// raise raises the mark of a feed, which may be that of an earlier session.
func (f *feed) raise(floor uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if floor <= f.from {
		return
	}
	if i := len(f.recent) - len(behind(f.recent, floor)); i > 0 {
		f.drop(i)
	}
	f.from, f.last, f.through = floor, max(f.last, floor), max(f.through, floor)
}

// openFeed subscribes to a subject, and only then looks for its end: what comes
// after that is delivered, or missed as anything may be.
func (l *Log) openFeed(ctx context.Context, f *feed, empty mark) (err error) {
	if f.sub, err = l.nc.ChanSubscribe(l.subjects.live(f.subject), l.live); err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, l.options.RequestTimeout)
	defer cancel()
	if err := l.nc.FlushWithContext(limited); err != nil {
		return err
	}
	b, err := l.bounds.ask(limited, l)
	if err != nil {
		return err
	}
	t, err := l.askTail(ctx, f.subject)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	last := t.ID
	if last == 0 {
		last = empty.within(l, bounds{First: t.first})
	}
	if last >= f.last { // or else something has come in the meantime
		f.last, f.from, f.recent, f.bytes = last, last, nil, 0
	}
	f.through = max(f.through, f.last, b.Last)
	return nil
}

// unfollow lets go of a feed, and ends it with its last reader.
func (l *Log) unfollow(f *feed) {
	l.mu.Lock()
	f.refs--
	over := f.refs == 0
	if over && l.feeds[f.subject] == f {
		delete(l.feeds, f.subject)
	}
	l.mu.Unlock()
	if over && f.sub != nil {
		_ = f.sub.Unsubscribe() // it fails only if the connection has ended
	}
}

// deliver hands live messages to their feeds, for as long as the log is open.
func (l *Log) deliver() {
	for {
		select {
		case m := <-l.live:
			if l.options.dropLive != nil && l.options.dropLive(m) {
				continue
			}
			l.mu.Lock()
			f := l.feeds[l.subjects.stored(m.Subject)]
			l.mu.Unlock()
			if f == nil {
				continue
			}
			if e, ok := parseDelivery(m); ok {
				f.take(&e, l.cacheEntries)
			}
		case <-l.ctx.Done():
			return
		}
	}
}

// take takes a message that may be the next, a later or an earlier one.
func (f *feed) take(m *message, most int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if m.ID <= f.last {
		return
	}
	if m.prev > f.through || m.birth {
		// Something may have been between, which readers look for in the stream.
		f.recent, f.bytes, f.from = nil, 0, m.prev
	}
	f.last, f.through, f.touched = m.ID, max(f.through, m.ID), true
	if m.Name == "" {
		return
	}
	f.recent = append(f.recent, m.Entry)
	f.bytes += size(m.Entry)
	for len(f.recent) > 1 && (len(f.recent) > most || f.bytes > maxCachedBytes) {
		f.drop(1)
	}
	for _, r := range f.readers {
		r.wake()
	}
}

// drop drops the n oldest of the recent entries.
func (f *feed) drop(n int) {
	for i := range f.recent[:n] {
		f.bytes -= size(f.recent[i])
	}
	f.from = f.recent[n-1].ID
	if f.recent = f.recent[n:]; len(f.recent) == 0 {
		f.recent = nil
	}
}

func size(e eventlog.Entry) int { return len(e.Name) + len(e.Data) + 100 }

// tail is the last message under a subject or, if it is empty, the first sequence of
// the stream after that was found.
type tail struct {
	message
	first uint64
}

// askTail asks the leader for the last message under a subject.
func (l *Log) askTail(ctx context.Context, subject string) (t tail, err error) {
	t.message, _, err = l.askEntry(ctx, get{LastFor: subject})
	if err == nil && t.ID == 0 {
		var b bounds
		b, err = l.bounds.ask(ctx, l)
		t.first = b.First
	}
	return t, err
}

// extend notes what was found under a feed's subject after it was last compared with
// it, up to a position: its last message, which may be known, or nothing.
func (l *Log) extend(ctx context.Context, f *feed, t tail, through uint64) error {
	if t.ID != 0 {
		f.take(&t.message, l.cacheEntries)
	} else if err := l.vacate(ctx, f, t.first); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.through = max(f.through, through)
	return nil
}

// vacate is called when nothing new was found under a subject, with the first
// sequence of the stream after that. What is trimmed is before it: if that is beyond
// what the feed knows, something may have come and gone, unless the record of the
// session tells that it had nothing.
func (l *Log) vacate(ctx context.Context, f *feed, first uint64) error {
	if first == 0 || first-1 <= f.known() {
		return nil
	}
	if f.ofSession {
		r, err := l.load(ctx, f.session)
		switch {
		case err != nil:
			return err
		case !r.exists() || !r.Written:
			f.raise(r.Floor)
			return nil
		}
	}
	f.raise(first - 1)
	return nil
}

// known returns up to where the feed knows of everything.
func (f *feed) known() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.through
}

// view is what a feed knows of what comes after a position.
type view struct {
	entries []eventlog.Entry
	through uint64 // these are all up to here
	behind  bool   // the feed does not have the entries
	last    uint64 // the last message that the feed knows of
}

func (f *feed) view(after uint64) view {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.touched = true
	switch {
	case after >= f.last:
		if len(f.readers) == 1 && len(f.recent) > 0 {
			f.drop(len(f.recent))
			f.from = f.last
		}
		return view{through: f.through}
	case after < f.from:
		return view{through: f.through, behind: true, last: f.last}
	}
	return view{entries: behind(f.recent, after), through: f.through}
}

// behind returns the entries after a position, without spare capacity: what a
// caller appends must not get into what others read.
func behind(entries []eventlog.Entry, position uint64) []eventlog.Entry {
	i, _ := slices.BinarySearchFunc(entries, position, func(e eventlog.Entry, position uint64) int {
		if e.ID <= position {
			return -1
		}
		return 1
	})
	return entries[i:len(entries):len(entries)]
}

// cool drops what nobody has asked for since the last call.
func (f *feed) cool() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.touched {
		f.recent, f.bytes, f.from = nil, 0, f.last
	}
	f.touched = false
}

func (f *feed) add(r *reader) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.readers = append(f.readers, r)
}

func (f *feed) remove(r *reader) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if i := slices.Index(f.readers, r); i >= 0 {
		n := len(f.readers) - 1
		f.readers[i] = f.readers[n]
		f.readers[n] = nil
		f.readers = f.readers[:n]
	}
}

// verify makes sure that the feed knows of everything up to a position, which is
// one that the leader of the stream has stored already.
func (l *Log) verify(ctx context.Context, f *feed, through uint64) error {
	f.mu.Lock()
	if f.through >= through {
		f.mu.Unlock()
		return nil
	}
	if f.asking == nil {
		f.asking = &shared[tail]{get: func(ctx context.Context) (tail, error) { return l.askTail(ctx, f.subject) }}
	}
	asking := f.asking
	f.mu.Unlock()
	t, err := asking.ask(ctx, l)
	if err != nil {
		return err
	}
	return l.extend(ctx, f, t, through)
}
