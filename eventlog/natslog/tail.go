package natslog

import (
	"context"
)

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
		case r.Floor != 0 && (!r.exists() || !r.Written):
			f.raise(r.Floor)
			return nil
		}
	}
	f.raise(first - 1)
	return nil
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
