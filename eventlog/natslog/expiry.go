package natslog

import (
	"cmp"
	"context"
	"strconv"
	"strings"
	"time"
)

// expireEvery is how often the log looks for sessions whose grace period is over. A
// session that a caller asks for is forgotten at once.
const expireEvery = 30 * time.Second

// expireLoop forgets the sessions whose grace period is over, and drops unused writers,
// until the log is closed.
func (s *sessions) expireLoop() {
	for sleep(s.life.ctx, expireEvery) {
		if err := s.expire(s.life.ctx); err != nil && !s.life.over() && !transient(err) {
			s.options.Logger.Error("natslog: forget deleted sessions", "error", err)
		}
		s.writers.dropUnused(time.Now().Add(-time.Minute))
	}
}

// expire forgets the sessions whose grace period is over. It goes on past one that
// cannot be forgotten, and returns the first error.
func (s *sessions) expire(ctx context.Context) (first error) {
	for seq := uint64(1); ; {
		note, err := s.getOne(ctx, s.subjects.records(), get{Seq: seq, NextFor: s.subjects.prefix + ".g.*"})
		if note == nil || err != nil {
			return cmp.Or(first, err)
		}
		if seq = note.Seq + 1; note.Subject == s.subjects.trialRecord() || note.Subject == s.subjects.pinned() {
			continue
		}
		due, id, _ := strings.Cut(string(note.Data), " ")
		if ms, err := strconv.ParseInt(due, 10, 64); err == nil && time.Now().Before(time.UnixMilli(ms)) {
			continue
		}
		r, err := s.lookup(ctx, id)
		if err == nil && r.State != stateDeleted {
			err = s.purge(ctx, s.subjects.records(), s.subjects.expiry(id), seq)
		}
		if first = cmp.Or(first, err); transient(err) {
			return first
		}
	}
}
