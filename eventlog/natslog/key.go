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

// message returns the message that puts the record, for a life, in the place of the one
// with that sequence.
func (r keyRecord) message(subject string, before uint64, life time.Duration) *nats.Msg {
	data, _ := json.Marshal(r) // it has only numbers and bytes
	return &nats.Msg{Subject: subject, Data: data, Header: nats.Header{
		expectedHeader: {strconv.FormatUint(before, 10)},
		ttlHeader:      {strconv.Itoa(int(life / time.Second))},
	}}
}

// alone reports whether a draft is all that comes under its key, in one message.
func (d *draft) alone() bool {
	return d.key != nil && d.key.Close && d.key.Appended.Count == 0 && len(d.entries) == 1
}

// keyMessage returns the message that is stored behind the entries of a draft.
func (d *draft) keyMessage(life time.Duration) *nats.Msg {
	r := newKeyRecord(d.key.Appended.Add(d.entries...))
	r.First, r.Last, r.Closed = d.key.Appended.First, 0, d.key.Close
	return r.message(d.keySubject, d.key.Appended.Revision, life)
}

// askKey asks the leader what a key stands for: nothing, if it does not know it.
func (l *Log) askKey(ctx context.Context, subject string) (eventlog.Appended, error) {
	s, err := l.ask(ctx, l.subjects.entries(), get{LastFor: subject})
	if s == nil || err != nil {
		return eventlog.Appended{}, err
	}
	var r keyRecord
	if err := json.Unmarshal(s.Data, &r); err != nil || len(r.Digest) != len(eventlog.Digest{}) || r.Piece < 1 || r.Piece > r.Count {
		return eventlog.Appended{}, fmt.Errorf("message %d is no record of a key: %s", s.Seq, excerpt.Quote(string(s.Data)))
	}
	return r.appended(s.Seq), nil
}

// askLone asks what a key stands for whose message id the stream knows. That may be one
// entry alone, whose record is not there yet, or never will be.
func (l *Log) askLone(ctx context.Context, subject, keySubject string) (eventlog.Appended, error) {
	// A message that is never stored, since none has that other id; but the stream looks
	// first whether it knows this one.
	ack, err := l.acknowledged(ctx, &nats.Msg{Subject: subject, Header: nats.Header{
		msgIDHeader:      {keySubject},
		expectedIDHeader: {"none"},
	}})
	if hasCode(err, codeWrongLastID) {
		return eventlog.Appended{}, nil
	}
	if err != nil {
		return eventlog.Appended{}, err
	}
	m, found, err := l.askEntry(ctx, get{Seq: ack.Seq})
	if err != nil {
		return eventlog.Appended{}, err
	}
	has, err := l.askKey(ctx, keySubject)
	switch {
	case err != nil || has.Count > 0:
		return has, err
	case !found || m.batched: // the record was lost, to a limit of the stream
		return eventlog.Appended{}, fmt.Errorf("natslog: %w", eventlog.ErrKeyForgotten)
	}
	has.Closed = true
	return has.Add(m.Entry), nil
}

// settleKey compares what the key of a draft stands for with what the draft expects, and
// reports whether the draft is stored already. Then it renews the key.
func (l *Log) settleKey(ctx context.Context, d *draft, has eventlog.Appended) (repeated bool, err error) {
	key := *d.key
	repeated, err = key.Compare(has, d.entries)
	switch {
	case err != nil:
		return false, err
	case !repeated:
		d.key.Appended.Revision = has.Revision
		return false, nil
	}
	if key.Appended, err = l.putKey(ctx, d.keySubject, has); err != nil && !errors.Is(err, errMoved) {
		return false, err
	}
	*d.key = key // after errMoved, another has renewed it or is ahead
	return true, nil
}

// putKey stores what a key stands for in the place of its record.
func (l *Log) putKey(ctx context.Context, subject string, a eventlog.Appended) (eventlog.Appended, error) {
	ack, err := l.acknowledged(ctx, newKeyRecord(a).message(subject, a.Revision, l.options.keyLife))
	if err == nil {
		a.Revision = ack.Seq
	}
	return a, err
}

// recordKey stores the record of a draft that was alone, without waiting: until it is
// there, the message id serves.
func (l *Log) recordKey(d *draft) {
	_ = l.nc.PublishMsg(newKeyRecord(d.key.Appended).message(d.keySubject, 0, l.options.keyLife))
}

// renewKey appends nothing under a key: it renews or closes the key, if it is known.
func (l *Log) renewKey(ctx context.Context, w *writer, id string, key *eventlog.Key) error {
	for {
		r, err := l.settled(ctx, w, id)
		if err != nil {
			return err
		}
		var has eventlog.Appended
		var subject string
		switch {
		case r.State == deleted:
			return fmt.Errorf("%w: %s", eventlog.ErrSessionDeleted, excerpt.Quote(id))
		case r.exists():
			subject = l.subjects.key(r.Life, key.Name)
			has, err = l.askKey(ctx, subject)
			if err == nil && has.Count == 0 && key.Appended.Count > 0 {
				has, err = l.askLone(ctx, w.subject, subject)
			}
			if err != nil {
				return err
			}
		}
		if _, err := key.Compare(has, nil); err != nil || has.Count == 0 {
			return err
		}
		has.Closed = has.Closed || key.Close
		has, err = l.putKey(ctx, subject, has)
		if errors.Is(err, errMoved) {
			continue
		}
		if err == nil {
			key.Appended = has
		}
		return err
	}
}
