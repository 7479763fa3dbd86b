package natslog

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/mixstream/mixstream/eventlog"
)

// storedKey moves the key of a plan that is stored from first on.
func (w *writer) storedKey(p *plan, first uint64) {
	if p.key == nil {
		return
	}
	alone := p.alone()
	p.moveKey(first)
	if alone {
		w.putKeyLater(p.keySubject, p.key.Appended)
	}
}

// compareKey compares what the key of a plan stands for with what the plan expects, and
// reports whether the plan is stored already. Then it renews the key. Located says that
// the place was found in this attempt; if not, and the key is known, the session may
// have been deleted since, and with it the key.
func (w *writer) compareKey(ctx context.Context, p *plan, has eventlog.Appended, located bool) (repeated bool, err error) {
	if !located && has.Count > 0 {
		return false, errMoved
	}
	key := *p.key
	repeated, err = key.Compare(has, p.entries)
	switch {
	case err != nil:
		return false, err
	case !repeated:
		p.keyRevision = has.Revision
		return false, nil
	}
	// After errMoved, another process has renewed the key or is ahead.
	if key.Appended, err = w.putKey(ctx, p.keySubject, has); err != nil && !errors.Is(err, errMoved) {
		return false, err
	}
	*p.key = key
	return true, nil
}

// findKeyed returns the first id of a plan whose key the stream knows, if the key
// stands for it.
func (w *writer) findKeyed(ctx context.Context, p *plan, located bool) (first uint64, err error) {
	has, err := w.loadKeyByID(ctx, w.subject, p.keySubject)
	if err != nil {
		return 0, err
	}
	if repeated, err := w.compareKey(ctx, p, has, located); !repeated || err != nil {
		return 0, cmp.Or(err, errMoved)
	}
	w.losePlace()
	return p.entries[0].ID, nil
}

// findOriginal returns the sequence of a message that the stream has stored before,
// after a position. The refusal of a batch does not tell it.
func (w *writer) findOriginal(ctx context.Context, after uint64, id string) (first uint64, err error) {
	last, _, err := w.getEntry(ctx, get{LastFor: w.subject})
	if err != nil {
		return 0, err
	}
	m, err := w.findByID(ctx, after+1, last.ID, id)
	switch {
	case err != nil:
		return 0, err
	case m == nil:
		return 0, fmt.Errorf("natslog: %w: the entries were stored, and are trimmed already", eventlog.ErrOutcomeUnknown)
	}
	return m.ID, nil
}

// findByID returns the message under the subject with that message id, among those from
// one sequence to another; nil means that there is none.
func (w *writer) findByID(ctx context.Context, seq, last uint64, id string) (*message, error) {
	for seq <= last {
		some, err := w.getMany(ctx, get{Seq: seq, NextFor: w.subject, Batch: 256, MaxBytes: 1 << 20})
		if err != nil {
			return nil, err
		}
		for i := range some.messages {
			if some.messages[i].msgID == id {
				return &some.messages[i], nil
			}
			seq = some.messages[i].ID + 1
		}
		if len(some.messages) > 0 {
			continue
		}
		// Nothing is left, or the server that answered is behind.
		m, found, err := w.getEntry(ctx, get{Seq: max(seq, 1), NextFor: w.subject})
		switch {
		case err != nil:
			return nil, err
		case !found:
			return nil, nil
		case m.msgID == id:
			return &m, nil
		}
		seq = m.ID + 1
	}
	return nil, nil
}
