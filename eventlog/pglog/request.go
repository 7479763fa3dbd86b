package pglog

import (
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/excerpt"
)

// kinds of requests, as the function append takes them.
const (
	appendEntries = 1
	createSession = 2
	deleteSession = 3
)

// verdicts of the function append.
const (
	verdictDone     = 0
	verdictExists   = 1
	verdictNotFound = 2
	verdictDeleted  = 3
	verdictKey      = 4
	verdictNothing  = 5
	verdictAgain    = 6
)

// Limits of one request, which holds the lock of the log while it is made.
const (
	maxAppend  = 32 << 20 // bytes of its entries
	maxEntries = 50_000
	// entrySize is what an entry counts for besides its text, in a call and in the log.
	entrySize = 120
)

// errKey says that the key of a request stands for other entries than it says.
var errKey = errors.New("the key stands for other entries")

// request is a call of Create, Append or Delete. It belongs to the committer until it is done.
type request struct {
	kind    int16
	session stream
	scope   stream
	of      eventlog.Session
	entries []eventlog.Entry
	bytes   int
	grace   time.Duration
	began   time.Time

	// With a key.
	key      pgtype.UUID
	expected eventlog.Appended
	digest   eventlog.Digest // what the key stands for afterwards
	closing  bool

	// The answer.
	done    chan error
	first   uint64
	nothing bool // there was nothing to do
}

func newRequest(kind int16, s eventlog.Session, entries []eventlog.Entry) *request {
	r := &request{kind: kind, of: s, session: sessionStream(s.ID), entries: entries, began: time.Now(), done: make(chan error, 1)}
	r.scope = scopeStream(r.session, s.Scope)
	for i := range entries {
		r.bytes += entrySize + len(entries[i].Name) + len(entries[i].Data)
	}
	return r
}

func (r *request) setKey(key *eventlog.Key) {
	if key == nil {
		return
	}
	r.key = hash(key.Name)
	r.expected = key.Appended
	r.digest = key.Appended.Add(r.entries...).Digest
	r.closing = key.Close
}

// finish gives a request its answer.
func (r *request) finish(verdict int16, first uint64) {
	r.first = first
	switch verdict {
	case verdictDone:
		r.done <- nil
	case verdictNothing:
		r.nothing = true
		r.done <- nil
	case verdictKey:
		r.done <- errKey
	default:
		r.done <- r.refusal(verdict)
	}
}

func (r *request) refusal(verdict int16) error {
	err := fmt.Errorf("pglog: verdict %d", verdict)
	switch verdict {
	case verdictExists:
		err = eventlog.ErrSessionExists
	case verdictNotFound:
		err = eventlog.ErrSessionNotFound
	case verdictDeleted:
		err = eventlog.ErrSessionDeleted
	}
	return fmt.Errorf("%w: %s", err, excerpt.Quote(r.of.ID))
}

// target returns the stream that takes the entries of a request other than a deletion.
func (r *request) target() stream {
	if r.kind == createSession {
		return r.scope
	}
	return r.session
}
