package eventlog

import "time"

// idle is the sessions that could be forgotten for idleness, those that have been
// idle for the longest first: they have a record, are not deleted, and have no
// reader.
type idle struct{ first, last *session }

// rest is the place of a session among the idle ones.
type rest struct {
	in            bool
	since         time.Duration
	before, after *session
}

// active notes that something was done with the session, or that it has got or
// lost its record, its last reader or its life.
func (m *Memory) active(now time.Duration, ss *session) {
	if m.retention.Idle < 0 {
		return
	}
	m.idle.remove(ss)
	if ss.since != 0 && ss.deleted == 0 && ss.readers == 0 {
		m.idle.add(ss, now)
	}
}

func (q *idle) add(ss *session, now time.Duration) {
	ss.rest = rest{in: true, since: now, before: q.last}
	if q.last == nil {
		q.first = ss
	} else {
		q.last.rest.after = ss
	}
	q.last = ss
}

func (q *idle) remove(ss *session) {
	if !ss.rest.in {
		return
	}
	before, after := ss.rest.before, ss.rest.after
	if before == nil {
		q.first = after
	} else {
		before.rest.after = after
	}
	if after == nil {
		q.last = before
	} else {
		after.rest.before = before
	}
	ss.rest = rest{}
}

// due returns a session that has been idle for longer than the limit, or nil.
func (q *idle) due(now, limit time.Duration) *session {
	if q.first == nil || now-q.first.rest.since <= limit {
		return nil
	}
	return q.first
}
