package natslog

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nuid"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/logcopy"
)

// copyTarget is a log to copy to. As long as the copy is not finished, the identity of another
// log is stored with the streams: no process takes them for its log.
type copyTarget struct {
	*sessions
	damaged bool // it is for a damaged log

	start   uint64 // the position before the first entry
	entries int
}

var (
	errNotEmpty   = errors.New("the log to copy to is not empty")
	errUnfinished = errors.New("a copy into these streams was not finished: copy again, or delete them")
)

// Begin implements logcopy.Target.
func (c *copyTarget) Begin(ctx context.Context, above uint64) (start uint64, err error) {
	start, err = c.begin(ctx, above)
	return start, publicError(ctx, err)
}

func (c *copyTarget) begin(ctx context.Context, above uint64) (uint64, error) {
	pinned, err := c.loadPinned(ctx)
	if err != nil {
		return 0, err
	}
	if pinned != nil && pinned.unfinished() {
		c.options.Logger.Warn("natslog: an earlier copy was interrupted: what it has left is deleted")
		if err := c.wipe(ctx); err != nil {
			return 0, err
		}
	}
	b, err := c.getBounds(ctx)
	if err != nil {
		return 0, err
	}
	record, err := c.getOne(ctx, c.subjects.records(), get{Seq: 1, NextFor: c.subjects.prefix + ".r.*"})
	switch {
	case err != nil:
		return 0, err
	case b.Messages > 0 || record != nil:
		return 0, errNotEmpty
	}
	current, b, err := c.findStreams(ctx)
	if err != nil {
		return 0, err
	}
	if err := c.pin(ctx, identity{}); err != nil {
		return 0, err
	}
	// Also above what the other log has given out since a backup was made of it.
	if first := max(sequenceNow(), above+2); b.First <= above || b.First+clockSlack < first {
		if err := c.purge(ctx, c.subjects.entries(), "", first); err != nil {
			return 0, err
		}
		if b, err = c.getBounds(ctx); err != nil {
			return 0, err
		}
	}
	c.known.begin(current, b.First-1, b.Last)
	c.state.foreign.Store(nil)
	c.start = b.Last
	return c.start, nil
}

// unfinished reports whether it stands for streams whose copy is not finished.
func (i identity) unfinished() bool { return i.Entries.IsZero() }

// wipe deletes what is in the streams.
func (c *copyTarget) wipe(ctx context.Context) error {
	return errors.Join(c.purge(ctx, c.subjects.entries(), "", 0), c.purge(ctx, c.subjects.records(), "", 0))
}

// Abort implements logcopy.Target.
func (c *copyTarget) Abort() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.life.ctx), c.options.RequestTimeout)
	defer cancel()
	if err := c.wipe(ctx); err != nil {
		c.options.Logger.Warn("natslog: what was copied is not deleted: the next copy to this log deletes it", "error", err)
	}
}

// Takes implements logcopy.Target.
func (c *copyTarget) Takes(s logcopy.Stream) bool { return c.subjects.ofStream(s) != "" }

// TakesKey implements logcopy.Target.
func (c *copyTarget) TakesKey(k *logcopy.Key) bool { return keyToken(k) != "" }

// keyToken returns the token of a key; nothing if it cannot be known.
func keyToken(k *logcopy.Key) string {
	switch {
	case k.Name != "":
		return token(k.Name)
	case len(k.Sum) == sha256.Size: // of a name that is too long for a token
		return "~" + base64.RawURLEncoding.EncodeToString(k.Sum)
	}
	return ""
}

// Limit implements logcopy.Target.
func (c *copyTarget) Limit() int64 { return max(c.retention.Entries, 0) }

// Append implements logcopy.Target.
func (c *copyTarget) Append(ctx context.Context, entries []logcopy.Entry) error {
	for i := range entries {
		if err := c.write(ctx, &entries[i]); err != nil {
			return publicError(ctx, err)
		}
	}
	c.entries += len(entries)
	return nil
}

func (c *copyTarget) write(ctx context.Context, e *logcopy.Entry) error {
	w, err := c.writers.hold(ctx, c.subjects.ofStream(e.Stream))
	if err != nil {
		return err
	}
	defer w.release()
	limited, cancel := context.WithTimeout(ctx, c.options.AppendTimeout)
	defer cancel()
	e.ID, err = w.write(limited, &draft{id: nuid.Next(), entries: []eventlog.Entry{e.Entry}}, unguarded)
	if err != nil {
		return fmt.Errorf("an entry of %s: %w", e.Stream, err)
	}
	return nil
}

// Finish implements logcopy.Target.
func (c *copyTarget) Finish(ctx context.Context, sessions []logcopy.Session, keys []logcopy.Key) error {
	return publicError(ctx, c.finish(ctx, sessions, keys))
}

func (c *copyTarget) finish(ctx context.Context, sessions []logcopy.Session, keys []logcopy.Key) error {
	b, err := c.getBounds(ctx)
	if err != nil {
		return err
	}
	if b.Messages < c.entries && !c.damaged {
		return fmt.Errorf("of %d entries the new log has retained %d only: it must retain more entries or bytes", c.entries, b.Messages)
	}
	lives := make(map[string]string, len(sessions))
	for i := range sessions {
		r := c.record(&sessions[i], b.Last)
		lives[string(r.ID)] = r.Life
		if r.State == stateDeleted {
			if err := c.noteExpiry(ctx, string(r.ID), r.Until); err != nil {
				return err
			}
		}
		if err := c.putRecord(ctx, r); err != nil {
			return err
		}
	}
	for i := range keys {
		k := &keys[i]
		m := newKeyRecord(k.Appended).message(c.subjects.prefix+".k."+lives[k.Session]+"."+keyToken(k), 0, c.options.keyLife)
		if _, err := c.acknowledged(ctx, m); err != nil {
			return err
		}
	}
	return c.pin(ctx, *c.known.identity.Load())
}

// record returns the record of a session, all of whose entries are up to end.
func (c *copyTarget) record(s *logcopy.Session, end uint64) *record {
	r := &record{ID: []byte(s.ID), Scope: []byte(s.Scope), State: stateOpen, Life: nuid.Next(), Floor: max(s.Floor, c.start), Written: true}
	if s.Deleted != 0 {
		r.State, r.Deleted, r.Fence, r.Until = stateDeleted, s.Deleted, end, s.Until.Round(time.Millisecond)
	}
	return r
}
