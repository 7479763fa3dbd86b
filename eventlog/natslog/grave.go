package natslog

import (
	"cmp"
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// buryEvery is how often the sessions whose grace period is over are looked for.
// Those that somebody asks for are forgotten at once.
const buryEvery = 30 * time.Second

// dig notes that a session is to be forgotten some time.
func (l *Log) dig(ctx context.Context, id string, due time.Time) error {
	data := append(strconv.AppendInt(nil, due.UnixMilli(), 10), " "+id...)
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, 500*time.Millisecond) {
		_, err := l.acknowledged(ctx, &nats.Msg{Subject: l.subjects.grave(id), Data: data})
		if err == nil || !transient(err) || !sleep(ctx, pause) {
			return err
		}
	}
}

// forget drops what a deleted session has, but for the last message: whoever knows of
// an earlier one only is to find that there was more. Its mark stays too: what a later
// session of this id has is above it.
func (l *Log) forget(ctx context.Context, w *writer, r *record) error {
	w.lose()
	if err := l.purge(ctx, l.subjects.entries(), w.subject, r.Fence); err != nil {
		return err
	}
	mark := &record{ID: r.ID, State: forgotten, Life: r.Life, Floor: max(r.Deleted, r.Fence), rev: r.rev}
	return l.put(ctx, mark)
}

// purge deletes what a stream has under a subject below a sequence.
func (l *Log) purge(ctx context.Context, stream, subject string, below uint64) error {
	return l.api(ctx, "STREAM.PURGE."+stream, struct {
		Filter string `json:"filter"`
		Seq    uint64 `json:"seq"`
	}{subject, below}, nil)
}

// bury forgets the sessions whose grace period is over, for as long as the log is
// open.
func (l *Log) bury() {
	for sleep(l.ctx, buryEvery) {
		if err := l.buryDue(l.ctx); err != nil && l.ctx.Err() == nil && !transient(err) {
			l.options.Logger.Error("natslog: forget deleted sessions", "error", err)
		}
		l.forgetWriters(time.Now().Add(-time.Minute))
	}
}

// buryDue goes on at a session that cannot be forgotten, and returns the first error.
func (l *Log) buryDue(ctx context.Context) (first error) {
	for seq := uint64(1); ; {
		s, err := l.ask(ctx, l.subjects.records(), get{Seq: seq, NextFor: l.subjects.prefix + ".g.*"})
		if s == nil || err != nil {
			return cmp.Or(first, err)
		}
		if seq = s.Seq + 1; s.Subject == l.subjects.trialRecord() || s.Subject == l.subjects.pinned() {
			continue
		}
		due, id, _ := strings.Cut(string(s.Data), " ")
		if ms, err := strconv.ParseInt(due, 10, 64); err == nil && time.Now().Before(time.UnixMilli(ms)) {
			continue
		}
		r, err := l.lookup(ctx, id)
		if err == nil && r.State != deleted {
			err = l.purge(ctx, l.subjects.records(), l.subjects.grave(id), seq)
		}
		if first = cmp.Or(first, err); transient(err) {
			return first
		}
	}
}
