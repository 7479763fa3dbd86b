package natslog

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/excerpt"
)

// keyRecord is what the stream of the entries has of a deduplication key, under a
// subject of its own. It is stored in one step with the entries, right behind them, and
// only if the record before it is still the last (Nats-Expected-Last-Subject-Sequence).
// The stream drops it when the key's life is over.
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

// message returns the message that stores the record, for a life, in the place of the
// one with that sequence.
func (r keyRecord) message(subject string, before uint64, life time.Duration) *nats.Msg {
	data, _ := json.Marshal(r) // it has only numbers and bytes
	return &nats.Msg{Subject: subject, Data: data, Header: nats.Header{
		expectedHeader: {strconv.FormatUint(before, 10)},
		ttlHeader:      {strconv.Itoa(int(life / time.Second))},
	}}
}

// loadKey asks the leader what a key stands for: nothing, if it does not know the key.
func (s *store) loadKey(ctx context.Context, subject string) (eventlog.Appended, error) {
	got, err := s.getOne(ctx, s.subjects.entries(), get{LastFor: subject})
	if got == nil || err != nil {
		return eventlog.Appended{}, err
	}
	var r keyRecord
	if err := json.Unmarshal(got.Data, &r); err != nil || len(r.Digest) != len(eventlog.Digest{}) || r.Piece < 1 || r.Piece > r.Count {
		return eventlog.Appended{}, fmt.Errorf("message %d is no record of a key: %s", got.Seq, excerpt.Quote(string(got.Data)))
	}
	return r.appended(got.Seq), nil
}

// loadKeyByID asks what a key stands for whose message id the stream knows. It may be
// one entry alone, whose record is not stored yet, or never will be.
func (s *store) loadKeyByID(ctx context.Context, subject, keySubject string) (eventlog.Appended, error) {
	// This message is never stored, since no message has the id "none". But the stream
	// looks first whether it knows the id of the key.
	ack, err := s.acknowledged(ctx, &nats.Msg{Subject: subject, Header: nats.Header{
		msgIDHeader:      {keySubject},
		expectedIDHeader: {"none"},
	}})
	if hasCode(err, codeWrongLastID) {
		return eventlog.Appended{}, nil
	}
	if err != nil {
		return eventlog.Appended{}, err
	}
	m, found, err := s.getEntry(ctx, get{Seq: ack.Seq})
	if err != nil {
		return eventlog.Appended{}, err
	}
	has, err := s.loadKey(ctx, keySubject)
	switch {
	case err != nil || has.Count > 0:
		return has, err
	case !found || m.batched: // the record was lost to a limit of the stream
		return eventlog.Appended{}, fmt.Errorf("natslog: %w", eventlog.ErrKeyForgotten)
	}
	has.Closed = true
	return has.Add(m.Entry), nil
}

// putKey stores what a key stands for in the place of its record.
func (s *store) putKey(ctx context.Context, subject string, a eventlog.Appended) (eventlog.Appended, error) {
	ack, err := s.acknowledged(ctx, newKeyRecord(a).message(subject, a.Revision, s.options.keyLife))
	if err == nil {
		a.Revision = ack.Seq
	}
	return a, err
}

// putKeyLater stores the first record of a key without waiting: until it is there, the
// message id of the entry serves.
func (s *store) putKeyLater(subject string, a eventlog.Appended) {
	_ = s.nc.PublishMsg(newKeyRecord(a).message(subject, 0, s.options.keyLife))
}
