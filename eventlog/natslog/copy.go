package natslog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nuid"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/natscopy"
)

func init() {
	natscopy.Register(func(ctx context.Context, to, from eventlog.Log) (entries int, err error) {
		target, isTarget := to.(*Log)
		source, isSource := from.(*Log)
		if !isTarget || !isSource {
			return 0, errors.New("natslog: copy: both logs must be on NATS")
		}
		return copyLog(ctx, target, source, false)
	})
}

// copyStore copies what can be read of the store in one folder into a new one in
// another, whose ids are above a number.
func copyStore(ctx context.Context, o Options, from, to string, above uint64) (entries int, err error) {
	o.within, o.Existing, o.SyncInterval = true, false, time.Minute
	o.Dir, o.Retention = from, Retention{}
	source, err := openLog(ctx, o, nil)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	o.Dir, o.Retention, o.idsAbove = to, source.store.retention, above
	target, err := openLog(ctx, o, nil)
	if err != nil {
		return 0, err
	}
	entries, err = copyLog(ctx, target, source, true)
	return entries, errors.Join(err, target.Close())
}

// copyLog implements natscopy.Copy. With damaged, it leaves out what cannot be read.
func copyLog(ctx context.Context, to, from *Log, damaged bool) (entries int, err error) {
	b, err := to.store.getBounds(ctx)
	if err != nil {
		return 0, publicError(ctx, err)
	}
	start := to.store.known.start.Load()
	if b.Last != start {
		return 0, errors.New("natslog: copy: the log to copy to is not empty")
	}
	from.store.known.trusted.Store(true)
	from.store.state.foreign.Store(nil)
	c := copying{to: to.sessions, from: from.sessions, damaged: damaged, start: start, ends: make(map[uint64]uint64), floors: make(map[string]uint64)}
	if err := c.readRecords(ctx); err != nil {
		return 0, publicError(ctx, fmt.Errorf("copy the records: %w", err))
	}
	if err := c.copyEntries(ctx); err != nil {
		return c.entries, publicError(ctx, fmt.Errorf("copy the entries: %w", err))
	}
	if b, err = to.store.getBounds(ctx); err != nil {
		return c.entries, publicError(ctx, err)
	}
	if b.Messages < c.entries && !damaged {
		return c.entries, fmt.Errorf("natslog: copy: of %d entries the new log has retained %d only: it must retain more entries or bytes", c.entries, b.Messages)
	}
	if err := c.writeRecords(ctx); err != nil {
		return c.entries, publicError(ctx, fmt.Errorf("copy the records: %w", err))
	}
	for _, m := range c.keys {
		if _, err := to.store.acknowledged(ctx, m); err != nil {
			return c.entries, publicError(ctx, fmt.Errorf("copy the keys: %w", err))
		}
	}
	return c.entries, nil
}

type copying struct {
	to, from *sessions
	damaged  bool   // from has lost something, and not everything can be read
	start    uint64 // the position before the first entry of to
	records  []*record
	ends     map[uint64]uint64 // the new ids of entries that ended sessions
	floors   map[string]uint64 // what is under a subject up to here is an earlier session's
	keys     []*nats.Msg       // the records of keys
	entries  int
}

// readRecords reads the records, after finishing what was left half done.
func (c *copying) readRecords(ctx context.Context) error {
	for seq := uint64(1); ; {
		got, err := c.from.getOne(ctx, c.from.subjects.records(), get{Seq: seq, NextFor: c.from.subjects.prefix + ".r.*"})
		if got == nil || err != nil {
			return err
		}
		seq = got.Seq + 1
		r, err := parseRecord(got)
		if err == nil {
			r, err = c.from.lookup(ctx, string(r.ID))
		}
		if err != nil && c.damaged && ctx.Err() == nil {
			c.from.options.Logger.Error("natslog: a record cannot be read", "subject", got.Subject, "error", err)
			continue
		}
		if err != nil {
			return err
		}
		c.floors[c.from.subjects.session(string(r.ID))] = r.Floor
		if r.exists() && r.rev < seq { // otherwise it comes again, at its new place
			c.records = append(c.records, r)
			if r.Deleted != 0 {
				c.ends[r.Deleted] = c.start // if the entry is not retained
			}
		}
	}
}

func (c *copying) copyEntries(ctx context.Context) error {
	b, err := c.from.getBounds(ctx)
	if err != nil {
		return err
	}
	if c.damaged {
		return c.copyReadable(ctx, b)
	}
	for seq := b.First; seq <= b.Last; {
		some, err := c.from.getMany(ctx, get{Seq: seq, Batch: readEntries, MaxBytes: readBytes})
		if err != nil {
			return err
		}
		if len(some.messages) == 0 {
			// Nothing is left, or the server that answered is behind.
			m, found, err := c.from.getEntry(ctx, get{Seq: seq, NextFor: ">"})
			if err != nil || !found {
				return err
			}
			some.messages = []message{m}
		}
		for i := range some.messages {
			m := &some.messages[i]
			seq = m.ID + 1
			if err := c.copyMessage(ctx, m); err != nil {
				return err
			}
		}
	}
	return nil
}

// copyReadable copies the entries one by one: an entry that cannot be read ends the
// answer to a get for several.
func (c *copying) copyReadable(ctx context.Context, b bounds) error {
	const most = 100_000 // that cannot be read in a row
	for seq, missing := b.First, 0; seq <= b.Last && missing < most; {
		m, found, err := c.from.getEntry(ctx, get{Seq: seq, NextFor: ">"})
		if err != nil && (transient(err) || ctx.Err() != nil) {
			return err
		}
		if seq++; err != nil || !found {
			missing++
			continue
		}
		seq, missing = m.ID+1, 0
		if err := c.copyMessage(ctx, &m); err != nil {
			return err
		}
	}
	return nil
}

// copyMessage copies an entry, or remembers the record of a key.
func (c *copying) copyMessage(ctx context.Context, m *message) error {
	if c.from.subjects.isKey(m.subject) {
		return c.readKey(ctx, m)
	}
	if m.Name == "" || m.ID <= c.floors[m.subject] {
		return nil
	}
	w, err := c.to.writers.hold(ctx, c.newSubject(m))
	if err != nil {
		return err
	}
	defer w.release()
	limited, cancel := context.WithTimeout(ctx, c.to.options.AppendTimeout)
	defer cancel()
	id, err := w.write(limited, &draft{id: nuid.Next(), entries: []eventlog.Entry{m.Entry}}, unguarded)
	if err != nil {
		return err
	}
	c.entries++
	if _, ok := c.ends[m.ID]; ok {
		c.ends[m.ID] = id
	}
	return nil
}

// newSubject returns the subject of a message in the new log.
func (c *copying) newSubject(m *message) string {
	return c.to.subjects.prefix + m.subject[len(c.from.subjects.prefix):]
}

// readKey reads the record of a key, so that what was published before is not published
// again after the copy. The ids in it stay those that were acknowledged.
func (c *copying) readKey(ctx context.Context, m *message) error {
	a, err := c.from.loadKey(ctx, m.subject)
	switch {
	case err != nil && c.damaged && ctx.Err() == nil && !transient(err):
		c.from.options.Logger.Error("natslog: the record of a key cannot be read", "subject", m.subject, "error", err)
		return nil
	case err != nil:
		return err
	case a.Revision != m.ID:
		return nil // there is a later one
	}
	c.keys = append(c.keys, newKeyRecord(a).message(c.newSubject(m), 0, c.to.options.keyLife))
	return nil
}

func (c *copying) writeRecords(ctx context.Context) error {
	for _, r := range c.records {
		r.rev, r.Floor, r.Written = 0, c.start, true
		if r.State == stateDeleted {
			r.Deleted = c.ends[r.Deleted]
			b, err := c.to.getBounds(ctx)
			if err != nil {
				return err
			}
			r.Fence = b.Last // all of the session's own entries are before it
			if err := c.to.noteExpiry(ctx, string(r.ID), r.Until); err != nil {
				return err
			}
		}
		if err := c.to.putRecord(ctx, r); err != nil {
			return err
		}
	}
	return nil
}
