package natslog

import (
	"context"

	"github.com/mixstream/mixstream/eventlog"
)

// How much is read from the stream at once.
const (
	pageEntries = 2000
	pageBytes   = 512 << 10
)

// ahead is what was read from the stream under one subject, and not asked for yet.
type ahead struct {
	from, through uint64 // the entries are all after from up to through
	entries       []eventlog.Entry
}

// part returns what is known under a subject after a position, from the feed or
// from the stream.
func (r *reader) part(ctx context.Context, f *feed, a *ahead, after uint64) (view, error) {
	v := f.view(after)
	if !v.behind {
		*a = ahead{}
		return v, nil
	}
	if v.gap {
		return view{}, eventlog.ErrGap
	}
	if after < a.from || after >= a.through {
		if err := r.log.fetch(ctx, f, a, after, v); err != nil {
			*a = ahead{}
			return view{}, err
		}
		if a.through >= v.last {
			a.through = max(a.through, v.through)
		}
	}
	return view{entries: behind(a.entries, after), through: a.through, behind: true}, nil
}

// fetch reads what comes after a position, which is before the feed's last message by the
// view, up to where the leader of the stream has stored all by that.
func (l *Log) fetch(ctx context.Context, f *feed, a *ahead, after uint64, v view) error {
	g := get{Seq: after + 1, NextFor: f.subject, Batch: pageEntries, MaxBytes: pageBytes}
	p, err := l.bare(ctx, g)
	if err == nil && len(p.messages) == 0 {
		p, err = l.page(ctx, g)
	}
	if err != nil {
		return err
	}
	if len(p.messages) == 0 || p.messages[0].prev > after {
		// Whoever has answered may be behind the leader, or trim by another clock.
		m, found, err := l.askEntry(ctx, get{Seq: after + 1, NextFor: f.subject})
		switch {
		case err != nil:
			return err
		case !found:
			return l.missing(ctx, v.last)
		case m.prev > after:
			f.raise(m.prev) // what is before it is not to be offered again
			return eventlog.ErrGap
		}
		p.messages = []message{m}
	}
	*a = ahead{from: after, through: after, entries: make([]eventlog.Entry, 0, len(p.messages))}
	for i := range p.messages {
		m := &p.messages[i]
		if m.prev > a.through { // trimmed while it was read
			break
		}
		if m.ID > v.through { // the leader may not have it yet, nor what is before it elsewhere
			a.through = max(a.through, v.through)
			break
		}
		a.through = m.ID
		if m.Name != "" {
			a.entries = append(a.entries, m.Entry)
		}
	}
	return nil
}
