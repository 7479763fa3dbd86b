package natslog

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nuid"

	"github.com/mixstream/mixstream/eventlog"
)

// Copy copies the sessions and their retained entries from one log to another one,
// which must be new and empty, in their order, and returns how many entries that
// were. It is how a store that was restored from a copy, or that has lost its end,
// is put to use again: the entries get new ids, which are higher than all that the
// old log has given out, also after the copy was made. So a position of the old log
// is told as a gap, where the restored store would give out its ids again.
//
// The new log must retain as many events and bytes as the old one had; Copy fails if it
// has trimmed some. What is too old for it goes by and by.
//
// Nobody may write to either log meanwhile. After an error the new log is of no use.
func Copy(ctx context.Context, to, from *Log) (entries int, err error) {
	return copyLog(ctx, to, from, false)
}

// copyLog is Copy, which leaves out what cannot be read of a damaged log.
func copyLog(ctx context.Context, to, from *Log, damaged bool) (entries int, err error) {
	b, err := to.askBounds(ctx)
	if err != nil {
		return 0, failed(ctx, err)
	}
	if b.Last != to.start.Load() {
		return 0, errors.New("natslog: copy: the log to copy to is not empty")
	}
	from.trusted.Store(true)
	from.strange.Store(nil)
	c := copying{to: to, from: from, damaged: damaged, ends: make(map[uint64]uint64), floors: make(map[string]uint64)}
	if err := c.readRecords(ctx); err != nil {
		return 0, failed(ctx, fmt.Errorf("copy the records: %w", err))
	}
	if err := c.copyEntries(ctx); err != nil {
		return c.entries, failed(ctx, fmt.Errorf("copy the entries: %w", err))
	}
	if b, err = to.askBounds(ctx); err != nil {
		return c.entries, failed(ctx, err)
	}
	if b.Messages < c.entries && !damaged {
		return c.entries, fmt.Errorf("natslog: copy: of %d entries the new log has retained %d only: it must retain more entries or bytes", c.entries, b.Messages)
	}
	if err := c.writeRecords(ctx); err != nil {
		return c.entries, failed(ctx, fmt.Errorf("copy the records: %w", err))
	}
	for _, m := range c.keys {
		if _, err := to.acknowledged(ctx, m); err != nil {
			return c.entries, failed(ctx, fmt.Errorf("copy the keys: %w", err))
		}
	}
	return c.entries, nil
}

type copying struct {
	to, from *Log
	damaged  bool // from has lost something, and not everything can be read
	records  []*record
	ends     map[uint64]uint64 // the new ids of entries that ended sessions
	floors   map[string]uint64 // up to where what is under a subject is an earlier session's
	keys     []*nats.Msg       // the records of keys
	entries  int
}

// readRecords reads the records, and brings to its end what was left half done.
func (c *copying) readRecords(ctx context.Context) error {
	for seq := uint64(1); ; {
		s, err := c.from.ask(ctx, c.from.subjects.records(), get{Seq: seq, NextFor: c.from.subjects.prefix + ".r.*"})
		if s == nil || err != nil {
			return err
		}
		seq = s.Seq + 1
		r, err := parseRecord(s)
		if err == nil {
			r, err = c.from.lookup(ctx, string(r.ID))
		}
		if err != nil && c.damaged && ctx.Err() == nil {
			c.from.options.Logger.Error("natslog: a record cannot be read", "subject", s.Subject, "error", err)
			continue
		}
		if err != nil {
			return err
		}
		c.floors[c.from.subjects.session(string(r.ID))] = r.Floor
		if r.exists() && r.rev < seq { // or else it comes again, at its new place
			c.records = append(c.records, r)
			if r.Deleted != 0 {
				c.ends[r.Deleted] = c.to.start.Load() // if it is not retained
			}
		}
	}
}

func (c *copying) copyEntries(ctx context.Context) error {
	b, err := c.from.askBounds(ctx)
	if err != nil {
		return err
	}
	if c.damaged {
		return c.salvage(ctx, b)
	}
	for seq := b.First; seq <= b.Last; {
		p, err := c.from.page(ctx, get{Seq: seq, Batch: pageEntries, MaxBytes: pageBytes})
		if err != nil {
			return err
		}
		if len(p.messages) == 0 {
			// Nothing is left, or whoever has answered is behind.
			m, found, err := c.from.askEntry(ctx, get{Seq: seq, NextFor: ">"})
			if err != nil || !found {
				return err
			}
			p.messages = []message{m}
		}
		for i := range p.messages {
			m := &p.messages[i]
			seq = m.ID + 1
			if err := c.copyEntry(ctx, m); err != nil {
				return err
			}
		}
	}
	return nil
}

// salvage copies the entries one by one. One that cannot be read ends what is answered.
func (c *copying) salvage(ctx context.Context, b bounds) error {
	const most = 100_000 // that cannot be read in a row
	for seq, missing := b.First, 0; seq <= b.Last && missing < most; {
		m, found, err := c.from.askEntry(ctx, get{Seq: seq, NextFor: ">"})
		if err != nil && (transient(err) || ctx.Err() != nil) {
			return err
		}
		if seq++; err != nil || !found {
			missing++
			continue
		}
		seq, missing = m.ID+1, 0
		if err := c.copyEntry(ctx, &m); err != nil {
			return err
		}
	}
	return nil
}

func (c *copying) copyEntry(ctx context.Context, m *message) error {
	if c.from.subjects.isKey(m.subject) {
		return c.readKey(ctx, m)
	}
	if m.Name == "" || m.ID <= c.floors[m.subject] {
		return nil
	}
	subject := c.to.subjects.prefix + m.subject[len(c.from.subjects.prefix):]
	w, err := c.to.writer(ctx, subject)
	if err != nil {
		return err
	}
	defer w.letGo()
	limited, cancel := context.WithTimeout(ctx, c.to.options.AppendTimeout)
	defer cancel()
	id, err := w.write(limited, &draft{msgID: nuid.Next(), entries: []eventlog.Entry{m.Entry}}, func(context.Context) (mark, error) {
		return mark{}, nil
	})
	if err != nil {
		return err
	}
	c.entries++
	if _, ok := c.ends[m.ID]; ok {
		c.ends[m.ID] = id
	}
	return nil
}

// readKey reads the record of a key: what was published before is not to be published again
// after the copy. The ids that it has stay those that were acknowledged.
func (c *copying) readKey(ctx context.Context, m *message) error {
	a, err := c.from.askKey(ctx, m.subject)
	switch {
	case err != nil && c.damaged && ctx.Err() == nil && !transient(err):
		c.from.options.Logger.Error("natslog: the record of a key cannot be read", "subject", m.subject, "error", err)
		return nil
	case err != nil:
		return err
	case a.Revision != m.ID:
		return nil // there is a later one
	}
	subject := c.to.subjects.prefix + m.subject[len(c.from.subjects.prefix):]
	c.keys = append(c.keys, newKeyRecord(a).message(subject, 0, c.to.options.keyLife))
	return nil
}

func (c *copying) writeRecords(ctx context.Context) error {
	for _, r := range c.records {
		r.rev, r.Floor, r.Written = 0, c.to.start.Load(), true
		if r.State == deleted {
			r.Deleted = c.ends[r.Deleted]
			b, err := c.to.askBounds(ctx)
			if err != nil {
				return err
			}
			r.Fence = b.Last // before which all of the session's own entries are
			if err := c.to.dig(ctx, string(r.ID), r.Until); err != nil {
				return err
			}
		}
		if err := c.to.put(ctx, r); err != nil {
			return err
		}
	}
	return nil
}
