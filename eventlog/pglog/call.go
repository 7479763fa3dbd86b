package pglog

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/mixstream/mixstream/eventlog"
)

// errRevoked says that a call whose answer was lost has not been made, and cannot be made later.
var errRevoked = errors.New("the call was not made")

// answer is what the function append returns.
type answer struct {
	base     *int64
	verdicts []int16
	drained
	moved   *int32 // from the outbox
	backlog *bool
}

// setDrained notes the snapshot of an answer, if it has one.
func (a *answer) setDrained(snapshot *string) {
	if snapshot != nil {
		a.snapshot = *snapshot
	}
}

// newToken returns the token of a call. Its first 8 bytes are the time in microseconds since 1970:
// an index takes rising tokens at less cost, and old ones can be found in it.
func newToken() (token pgtype.UUID) {
	binary.BigEndian.PutUint64(token.Bytes[:8], uint64(time.Now().UnixMicro()))
	_, _ = rand.Read(token.Bytes[8:]) // never fails
	token.Valid = true
	return token
}

// commit makes requests one call, and tries until it knows what became of it. It returns how many
// entries the call has moved out of the outbox.
func (c *committer) commit(batch []*request) (moved int) {
	pause := 10 * time.Millisecond
	for {
		token := newToken()
		a, err := c.call(token, batch)
		if err != nil && !refused(err) {
			a, err = c.findOut(token, err, oldest(batch).Add(c.options.AppendTimeout))
		}
		if err == nil {
			c.succeed(batch, a)
			if a.moved != nil {
				moved = int(*a.moved)
			}
			return moved
		}
		c.block(err)
		switch {
		case errors.Is(err, errUnknown):
			fail(batch, unknown(err))
			return 0
		case errors.Is(err, errRevoked):
		case !transient(err):
			err = c.explain(c.life.ctx, err)
			c.options.Logger.Error("pglog: append", "error", err)
			fail(batch, describe(err))
			return 0
		case code(err) == codeDiskFull:
			// To wait would not help: the caller should know at once.
			fail(batch, unavailable(err))
			return 0
		}
		if batch = c.expire(batch, err); len(batch) == 0 {
			return 0
		}
		if !sleep(c.life.ctx, pause) {
			fail(batch, unavailable(errClosed))
			return 0
		}
		pause = min(2*pause, time.Second)
	}
}

func fail(batch []*request, err error) {
	for _, r := range batch {
		r.done <- err
	}
}

// succeed gives the requests their answers.
func (c *committer) succeed(batch []*request, a answer) {
	c.state.blocked.Store(nil)
	if a.snapshot != "" {
		c.drained.Store(&drained{a.epoch, a.snapshot})
	}
	if a.backlog != nil && *a.backlog {
		c.again()
	}
	var again []*request
	next := uint64(1)
	if a.base != nil {
		next += uint64(*a.base) //nolint:gosec // it is not negative
	}
	for i, r := range batch {
		verdict := int16(verdictDone)
		if a.verdicts != nil {
			verdict = a.verdicts[i]
		}
		first := next
		switch {
		case verdict == verdictAgain:
			again = append(again, r)
			continue
		case verdict == verdictDone && len(r.entries) > 0:
			next += uint64(len(r.entries))
			c.sessions.note(r)
			c.watchers.announce(r.target(), next-1)
			if c.trimmer.add(r, first) {
				continue // which finishes it
			}
		}
		r.finish(verdict, first)
	}
	c.putBack(again)
}

// call makes one call of append.
func (c *committer) call(token pgtype.UUID, batch []*request) (a answer, err error) {
	if c.sessions.allPlain(batch) {
		if a, err = c.callPlain(token, batch); a.base != nil || err != nil {
			return a, err
		}
	}
	a = answer{}
	b := newArrays(batch)
	epoch, snapshot := c.known()
	ctx, cancel := c.life.within(c.life.ctx, c.options.RequestTimeout)
	defer cancel()
	var drained *string
	err = c.use(ctx, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, c.text.append, token, epoch, snapshot,
			b.kind, b.session, b.id, b.scope, b.scopeHash, b.entries, b.grace, b.key, b.expectedCount, b.expectedDigest, b.digest, b.closing,
			b.entryRequest, b.entryName, b.entryData,
		).Scan(&a.base, &a.verdicts, &a.epoch, &drained, &a.moved, &a.backlog)
	})
	a.setDrained(drained)
	return a, err
}

// errUnknown says that the database did not tell in time what became of a call.
var errUnknown = errors.New("the database did not tell what became of the call")

// oldest returns when the first of the requests began; now if there are none.
func oldest(batch []*request) time.Time {
	t := time.Now()
	for _, r := range batch {
		if r.began.Before(t) {
			t = r.began
		}
	}
	return t
}

// findOut finds out what became of a call whose answer was lost by an error. It tries at least
// once, and until the deadline.
func (s *store) findOut(token pgtype.UUID, lost error, deadline time.Time) (a answer, err error) {
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		ctx, cancel := s.life.within(s.life.ctx, s.options.RequestTimeout)
		a = answer{}
		err = s.use(ctx, func(conn *pgx.Conn) error {
			return conn.QueryRow(ctx, s.text.outcome, token).Scan(&a.base, &a.verdicts)
		})
		cancel()
		switch {
		case err == nil && a.base == nil:
			return a, fmt.Errorf("%w: %w", errRevoked, lost)
		case err == nil:
			return a, nil
		case !transient(err) || time.Now().After(deadline) || !sleep(s.life.ctx, pause):
			return a, fmt.Errorf("%w: %w", errUnknown, lost)
		}
	}
}

// arrays are requests as the function append takes them.
type arrays struct {
	kind           []int16
	session        []stream
	id, scope      [][]byte
	scopeHash      []stream
	entries        []int32
	grace          []int64
	key            []pgtype.UUID
	expectedCount  []int64
	expectedDigest [][]byte
	digest         [][]byte
	closing        []bool

	entryRequest []int32
	entryName    [][]byte
	entryData    [][]byte
}

func newArrays(batch []*request) (b arrays) {
	n := len(batch)
	b.kind, b.entries, b.grace = make([]int16, n), make([]int32, n), make([]int64, n)
	b.session, b.scopeHash, b.key = make([]stream, n), make([]stream, n), make([]pgtype.UUID, n)
	b.id, b.scope, b.expectedDigest, b.digest = make([][]byte, n), make([][]byte, n), make([][]byte, n), make([][]byte, n)
	b.expectedCount, b.closing = make([]int64, n), make([]bool, n)
	total := 0
	for _, r := range batch {
		total += len(r.entries)
	}
	b.entryRequest, b.entryName, b.entryData = make([]int32, 0, total), make([][]byte, 0, total), make([][]byte, 0, total)
	for i, r := range batch {
		b.kind[i], b.entries[i], b.grace[i] = r.kind, int32(len(r.entries)), r.grace.Microseconds() //nolint:gosec // limited by maxAppend
		b.session[i], b.scopeHash[i], b.key[i] = r.session, r.scope, r.key
		b.id[i], b.scope[i] = []byte(r.of.ID), []byte(r.of.Scope)
		b.expectedCount[i], b.closing[i] = int64(r.expected.Count), r.closing
		b.expectedDigest[i], b.digest[i] = digestBytes(r.expected.Digest), digestBytes(r.digest)
		for _, e := range r.entries {
			b.entryRequest = append(b.entryRequest, int32(i+1))
			b.entryName = append(b.entryName, []byte(e.Name))
			b.entryData = append(b.entryData, notNull(e.Data))
		}
	}
	return b
}

// digestBytes returns no bytes for the digest of no entries.
func digestBytes(d eventlog.Digest) []byte {
	if d == (eventlog.Digest{}) {
		return []byte{}
	}
	return d[:]
}

// notNull returns the bytes, which are not null in SQL.
func notNull(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
