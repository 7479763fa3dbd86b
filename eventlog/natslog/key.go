package natslog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/excerpt"
)

// keyRecord is what the stream of the entries has of a deduplication key, under a
// subject of its own. It is stored in one step with the entries, right behind them, and
// only if the one before it is still the last (Nats-Expected-Last-Subject-Sequence). The
// stream drops it when the key's life is over.
//
// One entry that is all that comes under its key needs no such step, which is slow on
// one replica: the message id of the key keeps out any other, and the record follows.
type keyRecord struct {
	Count  int    `json:"count"`
	Piece  int    `json:"piece,omitempty"`
	First  uint64 `json:"first,omitempty"` // 0: the first of the piece, which is right before the record
	Last   uint64 `json:"last,omitempty"`  // 0: right before the record
	Digest []byte `json:"digest"`
	Closed bool   `json:"closed,omitempty"`
}

// newKeyRecord returns the record of a key as it stands.
func newKeyRecord(a eventlog.Appended) keyRecord {
	return keyRecord{Count: a.Count, Piece: a.Piece, First: a.First, Last: a.Last, Digest: a.Digest[:], Closed: a.Closed}
}

// appended returns what a key stands for by its record with that sequence.
func (r keyRecord) appended(seq uint64) eventlog.Appended {
	a := eventlog.Appended{Count: r.Count, Piece: r.Piece, First: r.First, Last: r.Last, Digest: eventlog.Digest(r.Digest), Closed: r.Closed, Revision: seq}
	if r.First == 0 {
		a.First = seq - uint64(r.Piece) //nolint:gosec // a length
	}
	if r.Last == 0 {
		a.Last = seq - 1
	}
	return a
}

// message returns the message that puts the record in the place of the one with that
// sequence.
func (r keyRecord) message(subject string, before uint64) *nats.Msg {
	data, _ := json.Marshal(r) // it has only numbers and bytes
	return &nats.Msg{Subject: subject, Data: data, Header: nats.Header{
		expectedHeader: {strconv.FormatUint(before, 10)},
		ttlHeader:      {strconv.Itoa(int(eventlog.KeyLife / time.Second))},
	}}
}

// alone reports whether a draft is all that comes under its key, in one message.
func (d *draft) alone() bool {
	return d.key != nil && d.key.Close && d.key.Appended.Count == 0 && len(d.entries) == 1
}

// keyMessage returns the message that is stored behind the entries of a draft.
func (d *draft) keyMessage() *nats.Msg {
	r := newKeyRecord(d.key.Appended.Add(d.entries...))
	r.First, r.Last, r.Closed = d.key.Appended.First, 0, d.key.Close
	return r.message(d.keySubject, d.key.Appended.Revision)
}

// askKey asks the leader what a key stands for: nothing, if it does not know it.
func (l *Log) askKey(ctx context.Context, subject string) (eventlog.Appended, error) {
	s, err := l.ask(ctx, l.subjects.entries(), get{LastFor: subject})
	if s == nil || err != nil {
		return eventlog.Appended{}, err
	}
	var r keyRecord
	if err := json.Unmarshal(s.Data, &r); err != nil || len(r.Digest) != len(eventlog.Digest{}) {
		return eventlog.Appended{}, fmt.Errorf("message %d is no record of a key: %s", s.Seq, excerpt.Quote(string(s.Data)))
	}
	return r.appended(s.Seq), nil
}

// settleKey finds out what the key of a draft stands for. It reports whether the draft is
// stored already. Seq, if not 0, is the message that is stored under the key's message id.
func (l *Log) settleKey(ctx context.Context, d *draft, seq uint64) (repeated bool, err error) {
	has, err := l.askKey(ctx, d.keySubject)
	if err != nil {
		return false, err
	}
	lone := has.Count == 0 && seq != 0
	if lone { // whoever stored it has not got to its record
		m, found, err := l.askEntry(ctx, get{Seq: seq})
		switch {
		case err != nil:
			return false, err
		case !found:
			return false, fmt.Errorf("natslog: %w: something was stored under the key, and is trimmed already", eventlog.ErrOutcomeUnknown)
		}
		has = eventlog.Appended{Closed: true}.Add(m.Entry)
	}
	repeated, err = d.key.Compare(has, d.entries)
	switch {
	case err == nil && repeated && lone:
		l.recordKey(d)
	case err == nil:
		d.key.Appended.Revision = has.Revision
	}
	return repeated, err
}

// recordKey stores the record of a draft that was alone, without waiting: until it is
// there, the message id serves.
func (l *Log) recordKey(d *draft) {
	_ = l.nc.PublishMsg(newKeyRecord(d.key.Appended).message(d.keySubject, 0))
}

// renewKey appends nothing under a key: it renews or closes the key, if it is known.
func (l *Log) renewKey(ctx context.Context, w *writer, id string, key *eventlog.Key) error {
	for {
		r, err := l.settled(ctx, w, id)
		if err != nil {
			return err
		}
		var has eventlog.Appended
		switch {
		case r.State == deleted:
			return fmt.Errorf("%w: %s", eventlog.ErrSessionDeleted, excerpt.Quote(id))
		case r.exists():
			if has, err = l.askKey(ctx, l.subjects.key(r.Life, key.Name)); err != nil {
				return err
			}
		}
		repeated, err := key.Compare(has, nil)
		if repeated || err != nil || has.Count == 0 {
			return err
		}
		next := has
		next.Closed = key.Close
		ack, err := l.acknowledged(ctx, newKeyRecord(next).message(l.subjects.key(r.Life, key.Name), has.Revision))
		if errors.Is(err, errMoved) {
			continue
		}
		if err == nil {
			next.Revision = ack.Seq
			key.Appended = next
		}
		return err
	}
}
