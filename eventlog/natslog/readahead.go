package natslog

import (
	"context"

	"github.com/mixstream/mixstream/eventlog"
)

// Limits of what one request reads from the stream.
const (
	readEntries = 2000
	readBytes   = 512 << 10
)

// readAhead is what was read from the stream under one subject, and not asked for yet.
type readAhead struct {
	from, through uint64 // it has all entries after from up to through
	entries       []eventlog.Entry
}

// entriesOf returns what is known under a subject after a position, from its cache or
// from the stream.
func (s *store) entriesOf(ctx context.Context, c *cache, a *readAhead, after uint64) (view, error) {
	v := c.after(after)
	if !v.behind {
		*a = readAhead{}
		return v, nil
	}
	if v.gap {
		return view{}, eventlog.ErrGap
	}
	if after < a.from || after >= a.through {
		if err := s.readStream(ctx, c, a, after, v); err != nil {
			*a = readAhead{}
			return view{}, err
		}
		if a.through >= v.last {
			a.through = max(a.through, v.through)
		}
	}
	return view{entries: entriesAfter(a.entries, after), through: a.through, behind: true}, nil
}

// readStream reads what comes after a position into a. The position is before the
// cache's last message by the view. It reads no further than the leader of the stream had
// stored everything by then.
func (s *store) readStream(ctx context.Context, c *cache, a *readAhead, after uint64, v view) error {
	g := get{Seq: after + 1, NextFor: c.subject, Batch: readEntries, MaxBytes: readBytes}
	some, err := s.getManyBare(ctx, g)
	if err == nil && len(some.messages) == 0 {
		some, err = s.getMany(ctx, g)
	}
	if err != nil {
		return err
	}
	if len(some.messages) == 0 || some.messages[0].prev > after {
		// The server that answered may be behind the leader, or trim by another clock.
		m, found, err := s.getEntry(ctx, get{Seq: after + 1, NextFor: c.subject})
		switch {
		case err != nil:
			return err
		case !found:
			return s.missing(ctx, v.last)
		case m.prev > after:
			c.raiseFloor(m.prev) // what is before it must not be offered again
			return eventlog.ErrGap
		}
		some.messages = []message{m}
	}
	*a = readAhead{from: after, through: after, entries: make([]eventlog.Entry, 0, len(some.messages))}
	for i := range some.messages {
		m := &some.messages[i]
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
