package natslog

import (
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nuid"

	"github.com/mixstream/mixstream/eventlog"
)

// draft is what a writer stores under one subject, in one step.
type draft struct {
	id      string // the message id of the first message, if there is no key
	entries []eventlog.Entry
	key     *eventlog.Key // nil: none; it moves when the draft is stored

	// late says that another process may have sent the draft, so long ago that the
	// stream has forgotten its id. Then it was stored after this position, if at all.
	late  bool
	after uint64
}

// alone reports whether a draft is all that comes under its key, in one message.
func (d *draft) alone() bool {
	return d.key != nil && d.key.Close && d.key.Appended.Count == 0 && len(d.entries) == 1
}

// size is how many messages under the subject a draft has.
func (d *draft) size() int { return max(len(d.entries), 1) }

// place is where a subject ends, as far as this process knows.
type place struct {
	known  bool
	epoch  uint64  // of the streams in which it is known
	last   uint64  // the last message under the subject; 0: it is empty
	next   link    // the link of the message that comes next
	record *record // of the session; nil for the subject of a scope
}

// plan is a draft for one place: everything that its messages depend on.
type plan struct {
	*draft
	subject     string
	place       place
	id          string // the message id of the first message
	keySubject  string // of the record of the key
	keyRevision uint64 // of the record of the key that this one replaces
}

// newPlan returns the plan of a draft. The id of a draft with a key is that of the key,
// which depends on the session's life.
func newPlan(s subjects, subject string, p place, d *draft) plan {
	pl := plan{draft: d, subject: subject, place: p, id: d.id}
	if d.key != nil {
		pl.keyRevision = d.key.Appended.Revision
		if p.record != nil {
			pl.keySubject = s.key(p.record.Life, d.key.Name)
			pl.id = pl.keySubject
		}
	}
	return pl
}

// messages returns the messages of a plan. Several are a batch, which the stream stores
// in one step.
func (p *plan) messages(keyLife time.Duration) []*nats.Msg {
	entries := p.entries
	if len(entries) == 0 {
		entries = []eventlog.Entry{{}}
	}
	msgs := make([]*nats.Msg, len(entries), len(entries)+1)
	next := p.place.next
	for i := range msgs {
		h := make(nats.Header, 4)
		msgs[i] = &nats.Msg{Subject: p.subject, Header: h, Data: encodeMessage(next, i > 0, entries[i])}
		next.index++
		if i == 0 {
			h[expectedHeader] = []string{strconv.FormatUint(p.place.last, 10)}
			if p.key == nil || p.key.Appended.Count == 0 {
				h[msgIDHeader] = []string{p.id}
			}
		}
	}
	if p.key != nil && !p.alone() {
		msgs = append(msgs, p.keyMessage(keyLife))
	}
	if n := len(msgs); n > 1 {
		batch := nuid.Next()
		for i, m := range msgs {
			m.Header[batchIDHeader] = []string{batch}
			m.Header[batchSeqHeader] = []string{strconv.Itoa(i + 1)}
		}
		msgs[n-1].Header[commitHeader] = []string{"1"}
	}
	return msgs
}

// keyMessage returns the record of the key, which is stored behind the entries.
func (p *plan) keyMessage(life time.Duration) *nats.Msg {
	r := newKeyRecord(p.key.Appended.Add(p.entries...))
	r.First, r.Last, r.Closed = p.key.Appended.First, 0, p.key.Close
	return r.message(p.keySubject, p.keyRevision, life)
}

// moveKey sets the ids of the entries, which are stored from first on, and moves the key
// behind them.
func (p *plan) moveKey(first uint64) {
	for i := range p.entries {
		p.entries[i].ID = first + uint64(i)
	}
	a := p.key.Appended.Add(p.entries...)
	a.Closed, a.Revision = p.key.Close, first+uint64(len(p.entries))
	if p.alone() {
		a.Revision = 0 // no other piece comes
	}
	p.key.Appended = a
}

// behind returns the place behind a plan that is stored from first on.
func (p *plan) behind(first uint64) place {
	n := uint64(p.size()) //nolint:gosec // a length
	behind := p.place
	behind.last = first + n - 1
	behind.next = link{prev: behind.last, index: p.place.next.index + n}
	return behind
}
