package natslog

import (
	"context"
	"strings"

	"github.com/mixstream/mixstream/internal/logcopy"
)

// copySource is a log to copy from.
type copySource struct {
	*sessions
	damaged bool // it has lost something, and not everything can be read

	floors  map[string]uint64 // what is under a subject up to here is an earlier session's
	byToken map[string]string // the ids of the sessions and scopes that are too long for a subject
	byLife  map[string]string // the ids of sessions
	end     uint64
	keys    []logcopy.Key
}

// Close implements logcopy.Source.
func (c *copySource) Close() {}

// Sessions implements logcopy.Source. It finishes what was left half done.
func (c *copySource) Sessions(ctx context.Context) (all []logcopy.Session, err error) {
	c.known.trusted.Store(true)
	c.state.foreign.Store(nil)
	c.floors, c.byToken, c.byLife = make(map[string]uint64), make(map[string]string), make(map[string]string)
	for seq := uint64(1); ; {
		got, err := c.getOne(ctx, c.subjects.records(), get{Seq: seq, NextFor: c.subjects.prefix + ".r.*"})
		if got == nil || err != nil {
			return all, publicError(ctx, err)
		}
		seq = got.Seq + 1
		r, err := parseRecord(got)
		if err == nil {
			r, err = c.lookup(ctx, string(r.ID))
		}
		if err != nil && c.damaged && ctx.Err() == nil {
			c.options.Logger.Error("natslog: a record cannot be read", "subject", got.Subject, "error", err)
			continue
		}
		if err != nil {
			return nil, publicError(ctx, err)
		}
		s := r.session()
		c.floors[c.subjects.session(s.ID)] = r.Floor
		if r.exists() && r.rev < seq { // otherwise it comes again, at its new place
			c.byLife[r.Life] = s.ID
			for _, id := range []string{s.ID, s.Scope} {
				if len(id) > longestID {
					c.byToken[token(id)] = id
				}
			}
			all = append(all, logcopy.Session{Session: s, Floor: r.Floor, Deleted: r.Deleted, Until: r.Until})
		}
	}
}

// Above implements logcopy.Source. Ids grow more slowly than the clock, with which they began.
func (c *copySource) Above(ctx context.Context) (uint64, error) {
	b, err := c.getBounds(ctx)
	return b.Last, publicError(ctx, err)
}

// Moved implements logcopy.Source.
func (c *copySource) Moved(ctx context.Context) (bool, error) {
	b, err := c.getBounds(ctx)
	return b.Last != c.end, publicError(ctx, err)
}

// Entries implements logcopy.Source.
func (c *copySource) Entries(ctx context.Context, f func([]logcopy.Entry) error) error {
	b, err := c.getBounds(ctx)
	if err != nil {
		return publicError(ctx, err)
	}
	c.end = b.Last
	if c.damaged {
		return publicError(ctx, c.readable(ctx, b, f))
	}
	var entries []logcopy.Entry
	for seq := b.First; seq <= b.Last; {
		some, err := c.getMany(ctx, get{Seq: seq, Batch: readEntries, MaxBytes: readBytes})
		if err != nil {
			return publicError(ctx, err)
		}
		if len(some.messages) == 0 {
			// Nothing is left, or the server that answered is behind.
			m, found, err := c.getEntry(ctx, get{Seq: seq, NextFor: ">"})
			if err != nil || !found {
				return publicError(ctx, err)
			}
			some.messages = []message{m}
		}
		entries = entries[:0]
		for i := range some.messages {
			m := &some.messages[i]
			seq = m.ID + 1
			if entries, err = c.take(ctx, entries, m); err != nil {
				return publicError(ctx, err)
			}
		}
		if err := f(entries); err != nil {
			return err
		}
	}
	return nil
}

// readable reads the entries one by one: an entry that cannot be read ends the answer to a get
// for several.
func (c *copySource) readable(ctx context.Context, b bounds, f func([]logcopy.Entry) error) error {
	const most = 100_000 // that cannot be read in a row
	for seq, missing := b.First, 0; seq <= b.Last && missing < most; {
		m, found, err := c.getEntry(ctx, get{Seq: seq, NextFor: ">"})
		if err != nil && (transient(err) || ctx.Err() != nil) {
			return err
		}
		if seq++; err != nil || !found {
			missing++
			continue
		}
		seq, missing = m.ID+1, 0
		entries, err := c.take(ctx, nil, &m)
		if err == nil {
			err = f(entries)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// take adds an entry, or remembers the record of a key.
func (c *copySource) take(ctx context.Context, entries []logcopy.Entry, m *message) ([]logcopy.Entry, error) {
	switch {
	case c.subjects.isKey(m.subject):
		return entries, c.readKey(ctx, m)
	case m.Name == "" || m.ID <= c.floors[m.subject]:
		return entries, nil
	}
	return append(entries, logcopy.Entry{Entry: m.Entry, Stream: c.subjects.copiedStream(m.subject, c.byToken)}), nil
}

// readKey reads the record of a key, so that what was published before is not published
// again after the copy. The ids in it stay those that were acknowledged.
func (c *copySource) readKey(ctx context.Context, m *message) error {
	life, name, _ := strings.Cut(m.subject[len(c.subjects.prefix+".k."):], ".")
	session, known := c.byLife[life]
	if !known {
		return nil // it is forgotten
	}
	a, err := c.loadKey(ctx, m.subject)
	switch {
	case err != nil && c.damaged && ctx.Err() == nil && !transient(err):
		c.options.Logger.Error("natslog: the record of a key cannot be read", "subject", m.subject, "error", err)
		return nil
	case err != nil:
		return err
	case a.Revision != m.ID:
		return nil // there is a later one
	}
	k := logcopy.Key{Session: session, Appended: a}
	k.Name, k.Sum, _ = ofToken(name)
	c.keys = append(c.keys, k)
	return nil
}

// Keys implements logcopy.Source.
func (c *copySource) Keys(context.Context) ([]logcopy.Key, error) { return c.keys, nil }
