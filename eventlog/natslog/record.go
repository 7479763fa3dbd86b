package natslog

import (
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

// state is how far a record has got. What takes several steps is written down
// first, so that whoever comes upon it can bring it to its end.
type state string

const (
	open      state = "open"
	creating  state = "creating" // its entry is to be appended
	deleting  state = "deleting" // its last entry is to be appended
	deleted   state = "deleted"  // until its grace period is over
	forgotten state = "forgotten"
)

// record is what the second stream has of a session. One that is forgotten keeps
// only the mark, for as long as entries of its time may be retained.
type record struct {
	ID      []byte `json:"id"`
	Scope   []byte `json:"scope,omitempty"`
	State   state  `json:"state"`
	Life    string `json:"life"`              // differs from that of an earlier session of this id
	Floor   uint64 `json:"floor,omitempty"`   // up to which an earlier session had entries
	Written bool   `json:"written,omitempty"` // there may be entries under the session's subject

	Entry *pending      `json:"entry,omitempty"` // of a session that is being created or deleted
	AsOf  uint64        `json:"as_of,omitempty"` // a position before that entry
	Grace time.Duration `json:"grace,omitempty"`
	Idle  bool          `json:"idle,omitempty"` // it is deleted only if nothing has come after AsOf

	Deleted uint64    `json:"deleted,omitempty"` // the id of the last entry
	Fence   uint64    `json:"fence,omitempty"`   // the last message under the session's subject
	Until   time.Time `json:"until,omitzero"`    // the end of the grace period

	Write string    `json:"write"` // differs with each write
	rev   uint64    // the sequence of this record; 0: there is none
	at    time.Time // when it was stored
}

// pending is an entry that is to be appended.
type pending struct {
	Name []byte `json:"name"`
	Data []byte `json:"data"`
}

// exists tells whether there is a session.
func (r *record) exists() bool { return r.rev != 0 && r.State != forgotten }

func (r *record) session() eventlog.Session {
	return eventlog.Session{ID: string(r.ID), Scope: string(r.Scope)}
}

// mark returns what is known of a session's subject that is empty.
func (r *record) mark() mark { return mark{position: r.Floor, exact: r.exists() && !r.Written} }

// mark is a position up to which an empty subject may have had entries.
type mark struct {
	position uint64
	exact    bool // and after which it had none
}

// within returns the mark as a position of the log.
func (m mark) within(l *Log, b bounds) uint64 {
	if m.exact {
		return max(m.position, l.start.Load())
	}
	return max(m.position, b.First-1)
}

// load returns the record of a session from the leader; one without a revision says
// that there is none.
func (l *Log) load(ctx context.Context, id string) (*record, error) {
	s, err := l.ask(ctx, l.subjects.records(), get{LastFor: l.subjects.record(id)})
	if err != nil || s == nil || len(s.Data) == 0 {
		r := &record{ID: []byte(id)}
		if s != nil { // a marker of the server
			r.rev, r.State = s.Seq, forgotten
		}
		return r, err
	}
	r, err := parseRecord(s)
	if err == nil && string(r.ID) != id {
		err = fmt.Errorf("record %d is that of %s, not of %s", s.Seq, excerpt.Quote(string(r.ID)), excerpt.Quote(id))
	}
	return r, err
}

func parseRecord(s *stored) (*record, error) {
	r := &record{rev: s.Seq, at: s.Time}
	if err := json.Unmarshal(s.Data, r); err != nil {
		return nil, fmt.Errorf("record %d: %w", s.Seq, err)
	}
	return r, nil
}

// put stores a record in the place of the one that it was loaded as, or fails with
// errMoved.
func (l *Log) put(ctx context.Context, r *record) error {
	r.Write = nuid.Next()
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	m := &nats.Msg{Subject: l.subjects.record(string(r.ID)), Data: data, Header: nats.Header{
		expectedHeader: {strconv.FormatUint(r.rev, 10)},
	}}
	if r.State == forgotten && l.age > 0 {
		// By then the entries of its time are trimmed, and the first sequence of the
		// log is a mark that serves as well.
		m.Header[ttlHeader] = []string{strconv.FormatInt(int64((min(l.age, maxAge)+time.Hour)/time.Second), 10)}
	}
	if err := l.fit([]*nats.Msg{m}); err != nil {
		return err
	}
	if err := l.familiar(); err != nil {
		return err
	}
	uncertain := false
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, 500*time.Millisecond) {
		ack, err := l.acknowledged(ctx, m)
		switch {
		case err == nil:
			r.rev = ack.Seq
			return nil
		case errors.Is(err, errMoved):
			if !uncertain {
				return errMoved
			}
			now, err := l.load(ctx, string(r.ID))
			switch {
			case err == nil && (now.Write == r.Write || r.State == creating && now.Life == r.Life):
				r.rev = now.rev // of a session that is made, another may have finished it
				return nil
			case err == nil:
				return errMoved
			case !transient(err):
				return err
			}
		case !transient(err) && ctx.Err() == nil:
			return err
		default:
			uncertain = uncertain || !unsent(err)
		}
		if !sleep(ctx, pause) {
			if uncertain {
				return fmt.Errorf("natslog: %w: %w", eventlog.ErrOutcomeUnknown, context.Cause(ctx))
			}
			return fmt.Errorf("natslog: %w: %w: %w", eventlog.ErrUnavailable, context.Cause(ctx), err)
		}
	}
}
