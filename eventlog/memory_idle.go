package eventlog

import "time"

// idle is the list of sessions that could be forgotten for idleness, the one that has
// been idle for the longest first. They have a record, are not deleted, and have no
// reader.
type idle struct{ first, last *session }

// idlePlace is the place of a session in the list of idle ones.
type idlePlace struct {
	in            bool
	since         time.Duration
	before, after *session
}

// noteUse notes that the session was used, or that it got or lost its record, was
// deleted, or lost its last reader.
func (m *Memory) noteUse(now time.Duration, ss *session) {
	if m.retention.Idle < 0 {
		return
	}
	m.idle.remove(ss)
	if ss.since != 0 && ss.deleted == 0 && ss.readers == 0 {
		m.idle.add(ss, now)
	}
}

func (q *idle) add(ss *session, now time.Duration) {
	ss.idlePlace = idlePlace{in: true, since: now, before: q.last}
	if q.last == nil {
		q.first = ss
	} else {
		q.last.idlePlace.after = ss
	}
	q.last = ss
}

func (q *idle) remove(ss *session) {
	if !ss.idlePlace.in {
		return
	}
	before, after := ss.idlePlace.before, ss.idlePlace.after
	if before == nil {
		q.first = after
	} else {
		before.idlePlace.after = after
	}
	if after == nil {
		q.last = before
	} else {
		after.idlePlace.before = before
	}
	ss.idlePlace = idlePlace{}
}

// due returns a session that has been idle for longer than the limit, or nil.
func (q *idle) due(now, limit time.Duration) *session {
	if q.first == nil || now-q.first.idlePlace.since <= limit {
		return nil
	}
	return q.first
}
