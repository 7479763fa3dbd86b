package pglog

import (
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// Most requests append to a session that has a record, without a key. They go to a function that
// does no more than that, and that says so if there is more to do.

// sessions are some of the sessions that have a record, as far as the committer knows. Only the
// committer uses it.
type sessions struct{ known map[stream]struct{} }

// maxSessions is how many sessions are kept.
const maxSessions = 100_000

// note notes that a request was made.
func (s *sessions) note(r *request) {
	if s.known == nil || len(s.known) >= maxSessions {
		s.known = make(map[stream]struct{})
	}
	s.known[r.session] = struct{}{}
}

// allPlain reports whether all requests append to sessions that have a record, without keys.
func (s *sessions) allPlain(batch []*request) bool {
	for _, r := range batch {
		if r.kind != appendEntries || r.key.Valid {
			return false
		}
		if _, known := s.known[r.session]; !known {
			return false
		}
	}
	return len(batch) > 0
}

// callPlain makes one call of append_plain. Without a base it has done nothing.
func (c *committer) callPlain(token pgtype.UUID, batch []*request) (a answer, err error) {
	total := 0
	for _, r := range batch {
		total += len(r.entries)
	}
	of := make([]stream, 0, len(batch))
	streams, names, data := make([]stream, 0, total), make([][]byte, 0, total), make([][]byte, 0, total)
	seen := make(map[stream]struct{}, len(batch))
	for _, r := range batch {
		if _, is := seen[r.session]; !is {
			seen[r.session] = struct{}{}
			of = append(of, r.session)
		}
		for i := range r.entries {
			streams = append(streams, r.session)
			names = append(names, []byte(r.entries[i].Name))
			data = append(data, notNull(r.entries[i].Data))
		}
	}
	epoch, snapshot := c.known()
	ctx, cancel := c.life.within(c.life.ctx, c.options.RequestTimeout)
	defer cancel()
	var drained *string
	err = c.use(ctx, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, c.text.plain, token, epoch, snapshot, of, streams, names, data).Scan(&a.base, &a.epoch, &drained)
	})
	a.setDrained(drained)
	if err == nil && a.base == nil {
		c.sessions.known = nil
	}
	return a, err
}
