package natslog

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nuid"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/excerpt"
)

// sessionState is how far a session has got. What takes several steps is written down first,
// so that any process that finds it can finish it.
type sessionState string

const (
	stateOpen      sessionState = "open"
	stateCreating  sessionState = "creating" // its first entry must still be appended
	stateDeleting  sessionState = "deleting" // its last entry must still be appended
	stateDeleted   sessionState = "deleted"  // until its grace period is over
	stateForgotten sessionState = "forgotten"
)

// record is what the second stream has of a session. The record of a forgotten session
// keeps only its mark, for as long as entries of its time may be retained.
type record struct {
	ID      []byte       `json:"id"`
	Scope   []byte       `json:"scope,omitempty"`
	State   sessionState `json:"state"`
	Life    string       `json:"life"`              // differs from that of an earlier session of this id
	Floor   uint64       `json:"floor,omitempty"`   // an earlier session had entries up to here
	Written bool         `json:"written,omitempty"` // there may be entries under the session's subject

	Entry *pending      `json:"entry,omitempty"` // while the session is being created or deleted
	AsOf  uint64        `json:"as_of,omitempty"` // a position before that entry
	Grace time.Duration `json:"grace,omitempty"`
	Idle  bool          `json:"idle,omitempty"` // delete it only if nothing has come after AsOf

	Deleted uint64    `json:"deleted,omitempty"` // the id of the last entry
	Fence   uint64    `json:"fence,omitempty"`   // the last message under the session's subject
	Until   time.Time `json:"until,omitzero"`    // the end of the grace period

	Write string    `json:"write"` // differs with each write
	rev   uint64    // the sequence of this record; 0: there is none
	at    time.Time // when it was stored
}

// pending is an entry that must still be appended.
type pending struct {
	Name []byte `json:"name"`
	Data []byte `json:"data"`
}

func newPending(e *eventlog.Entry) *pending {
	return &pending{Name: []byte(e.Name), Data: e.Data}
}

// newRecord returns a record that replaces one of which only its mark is left, or
// nothing: then what an earlier session had is trimmed by now.
func newRecord(s eventlog.Session, state sessionState, before *record, b bounds) *record {
	floor := before.Floor
	if floor == 0 {
		floor = b.First - 1
	}
	return &record{ID: []byte(s.ID), Scope: []byte(s.Scope), State: state, Life: nuid.Next(), Floor: floor, rev: before.rev}
}

// exists reports whether there is a session.
func (r *record) exists() bool { return r.rev != 0 && r.State != stateForgotten }

// unfinished reports whether a change of the session was left half done, or its grace
// period is over.
func (r *record) unfinished() bool {
	return r.State == stateCreating || r.State == stateDeleting || r.State == stateDeleted && !time.Now().Before(r.Until)
}

func (r *record) session() eventlog.Session {
	return eventlog.Session{ID: string(r.ID), Scope: string(r.Scope)}
}

// entryID and fenceID return the message ids of what is written to create or delete a
// session.
func (r *record) entryID() string { return string(r.State) + "." + r.Life }
func (r *record) fenceID() string { return "fence." + r.Life }

// mark returns what is known of the session's subject when it is empty.
func (r *record) mark() mark {
	return mark{position: r.Floor, exact: r.exists() && !r.Written}
}

// mark is a position up to which an empty subject may have had entries.
type mark struct {
	position uint64
	exact    bool // it had none after the position
}

// within returns the mark as a position of a log that began at start.
func (m mark) within(start uint64, b bounds) uint64 {
	if m.exact {
		return max(m.position, start)
	}
	return max(m.position, b.First-1)
}

// loadRecord returns the record of a session from the leader. A record without a
// revision means that there is none.
func (s *store) loadRecord(ctx context.Context, id string) (*record, error) {
	got, err := s.getOne(ctx, s.subjects.records(), get{LastFor: s.subjects.sessionRecord(id)})
	if err != nil || got == nil || len(got.Data) == 0 {
		r := &record{ID: []byte(id)}
		if got != nil { // a marker of the server
			r.rev, r.State = got.Seq, stateForgotten
		}
		return r, err
	}
	r, err := parseRecord(got)
	if err == nil && string(r.ID) != id {
		err = fmt.Errorf("record %d is that of %s, not of %s", got.Seq, excerpt.Quote(string(r.ID)), excerpt.Quote(id))
	}
	return r, err
}

func parseRecord(m *storedMessage) (*record, error) {
	r := &record{rev: m.Seq, at: m.Time}
	if err := json.Unmarshal(m.Data, r); err != nil {
		return nil, fmt.Errorf("record %d: %w", m.Seq, err)
	}
	return r, nil
}

// putRecord stores a record in the place of the one that it was loaded as. It fails
// with errMoved if another one is there by now.
func (s *store) putRecord(ctx context.Context, r *record) error {
	r.Write = nuid.Next()
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	m := &nats.Msg{Subject: s.subjects.sessionRecord(string(r.ID)), Data: data, Header: nats.Header{
		expectedHeader: {strconv.FormatUint(r.rev, 10)},
	}}
	if age := s.retention.Age; r.State == stateForgotten && age > 0 {
		// By then the entries of its time are trimmed, and the first sequence of the log
		// serves as a mark.
		m.Header[ttlHeader] = []string{strconv.FormatInt(int64((min(age, maxAge)+time.Hour)/time.Second), 10)}
	}
	if err := cmp.Or(s.checkSize(m), s.state.ours()); err != nil {
		return err
	}
	tries := attempts{pause: 10 * time.Millisecond}
	for {
		err := s.tryPutRecord(ctx, m, r, tries.uncertain)
		if err == nil || errors.Is(err, errMoved) || !transient(err) && ctx.Err() == nil {
			return err
		}
		tries.uncertain = tries.uncertain || !unsent(err)
		if !tries.wait(ctx) {
			return tries.timeOver(ctx, err)
		}
	}
}

// tryPutRecord tries once. Uncertain says that an earlier try may have stored the
// record: then it, and no other one, may be what is there.
func (s *store) tryPutRecord(ctx context.Context, m *nats.Msg, r *record, uncertain bool) error {
	ack, err := s.acknowledged(ctx, m)
	if err == nil {
		r.rev = ack.Seq
	}
	if !errors.Is(err, errMoved) || !uncertain {
		return err
	}
	now, err := s.loadRecord(ctx, string(r.ID))
	if err != nil {
		return err
	}
	// Another process may have finished a session that this one creates.
	if now.Write == r.Write || r.State == stateCreating && now.Life == r.Life {
		r.rev = now.rev
		return nil
	}
	return errMoved
}
