package natslog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/mixstream/mixstream/eventlog"
)

// writer is this process's place at the end of a subject. Who has it publishes to
// the subject one after the other, which is also what a publication must know that
// names the one before it.
type writer struct {
	log     *Log
	subject string
	place   chan struct{} // holds the one who writes

	refs int       // guarded by Log.mu, as is
	used time.Time // when the last one let go

	// What follows belongs to the one who writes.
	epoch  uint64 // of the log, in which the place was known
	known  bool
	last   uint64  // the last message under the subject; 0: it is empty
	next   link    // of the message that comes next
	record *record // of the session, as long as the place is known
}

// writer returns the writer of a subject, once nobody else has it. The caller lets
// go of it.
func (l *Log) writer(ctx context.Context, subject string) (*writer, error) {
	l.mu.Lock()
	w := l.writers[subject]
	if w == nil {
		w = &writer{log: l, subject: subject, place: make(chan struct{}, 1)}
		l.writers[subject] = w
	}
	w.refs++
	l.mu.Unlock()
	select {
	case w.place <- struct{}{}:
		return w, nil
	case <-ctx.Done():
		w.release()
		return nil, context.Cause(ctx)
	}
}

func (w *writer) letGo() {
	<-w.place
	w.release()
}

func (w *writer) release() {
	w.log.mu.Lock()
	defer w.log.mu.Unlock()
	w.refs--
	w.used = time.Now()
}

// forgetWriters drops the writers that nobody has used since a time.
func (l *Log) forgetWriters(since time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for subject, w := range l.writers {
		if w.refs == 0 && w.used.Before(since) {
			delete(l.writers, subject)
		}
	}
}

// lose forgets the place, and what is known of the session with it.
func (w *writer) lose() { w.known, w.record = false, nil }

// find asks the leader for the end of the subject, and then settle whether the draft
// may come after it. In this order: who deletes a session says so in its record before
// it writes to the subject, so one of the two is seen. After an error the place is to be
// lost.
func (w *writer) find(ctx context.Context, settle func(context.Context) (mark, error)) error {
	for !w.known {
		m, found, err := w.log.askEntry(ctx, get{LastFor: w.subject})
		if err != nil {
			return err
		}
		w.known = true // until settle itself writes to the subject
		empty, err := settle(ctx)
		if err != nil {
			return err
		}
		w.last, w.next = m.ID, link{prev: m.ID, index: m.index + 1}
		if found {
			if m.ID <= empty.position { // it is left of an earlier session
				w.next.root, w.next.birth = true, true
			}
			continue
		}
		b, err := w.log.bounds.ask(ctx, w.log)
		if err != nil {
			return err
		}
		w.next = link{prev: empty.within(w.log, b), root: true, birth: empty.exact, index: 1}
	}
	return nil
}

// write stores a draft, and returns the sequence of its first message. It tries
// until the context ends. Whenever the place is not known it calls settle, which
// returns the mark of the subject, or the reason not to write.
func (w *writer) write(ctx context.Context, d *draft, settle func(context.Context) (mark, error)) (first uint64, err error) {
	uncertain := false // something was sent that was not answered
	for pause := time.Millisecond; ; pause = min(2*pause, 500*time.Millisecond) {
		if first, err = w.tryWrite(ctx, d, settle); err == nil {
			return first, nil
		}
		w.lose()
		var sent sentError
		switch {
		case errors.Is(err, eventlog.ErrOutcomeUnknown), // of a record, and no time is left; or of a key
			errors.Is(err, eventlog.ErrKeyReused): // which keeps out what was sent as well
			return 0, err
		case errors.Is(err, errMoved), unsent(err):
		case transient(err), ctx.Err() != nil:
			uncertain = uncertain || errors.As(err, &sent)
		case uncertain:
			return 0, fmt.Errorf("natslog: %w: %w", eventlog.ErrOutcomeUnknown, err)
		default:
			return 0, err
		}
		if sleep(ctx, pause/2+rand.N(pause)) {
			continue
		}
		if uncertain {
			return 0, fmt.Errorf("natslog: %w: %w: %w", eventlog.ErrOutcomeUnknown, context.Cause(ctx), err)
		}
		return 0, fmt.Errorf("natslog: %w: %w: %w", eventlog.ErrUnavailable, context.Cause(ctx), err)
	}
}

// sentError is a failure of what was sent already.
type sentError struct{ error }

func (e sentError) Unwrap() error { return e.error }

func (w *writer) tryWrite(ctx context.Context, d *draft, settle func(context.Context) (mark, error)) (first uint64, err error) {
	if err := w.log.familiar(); err != nil {
		return 0, err
	}
	if epoch := w.log.epoch.Load(); w.epoch != epoch {
		w.lose()
		w.epoch = epoch
	}
	placed := w.known
	if !w.known {
		// Before settle makes a record for what nobody can store.
		if err := w.log.fit(d.messages(w)); err != nil {
			return 0, err
		}
		if err := w.find(ctx, settle); err != nil {
			return 0, err
		}
		if d.late {
			if m, err := w.log.seek(ctx, w.subject, d.after+1, w.last, d.msgID); m != nil || err != nil {
				if err != nil {
					return 0, err
				}
				return m.ID, nil
			}
		}
	}
	if d.key != nil && (d.sent || d.alone()) {
		// A failure may have been the key's, and the draft may be stored.
		has, err := w.log.askKey(ctx, d.keySubject)
		if err != nil {
			return 0, err
		}
		if repeated, err := w.settleKey(ctx, d, has, placed); repeated || err != nil {
			return d.entries[0].ID, err
		}
	}
	if !d.sent && !d.late {
		d.after = w.last
	}
	d.sent = true
	first, repeated, err := w.log.publish(ctx, d.messages(w))
	n := uint64(max(len(d.entries), 1))
	switch {
	case d.key != nil && (err == nil && repeated || errors.Is(err, errRepeated)):
		has, err := w.log.askLone(ctx, w.subject, d.keySubject)
		if err != nil {
			return 0, err
		}
		if repeated, err := w.settleKey(ctx, d, has, placed); !repeated || err != nil {
			return 0, cmp.Or(err, errMoved)
		}
		w.known = false
		return d.entries[0].ID, nil
	case errors.Is(err, errRepeated):
		w.known = false // that may be after the place that was known
		return w.log.original(ctx, w.subject, d)
	case err == nil && repeated:
		w.known = false // others may have come since
	case err == nil:
		w.last = first + n - 1
		w.next = link{prev: w.last, index: w.next.index + n}
		w.stored(d, first)
	case !unsent(err):
		err = sentError{err}
	}
	return first, err
}

// settleKey does what Log.settleKey does, unless the key is known and the place was before
// this try: then the session may be deleted since, and with it the key.
func (w *writer) settleKey(ctx context.Context, d *draft, has eventlog.Appended, placed bool) (repeated bool, err error) {
	if placed && has.Count > 0 {
		return false, errMoved
	}
	return w.log.settleKey(ctx, d, has)
}

// stored moves the key of a draft that is stored, beginning with a sequence.
func (w *writer) stored(d *draft, first uint64) {
	if d.key == nil {
		return
	}
	for i := range d.entries {
		d.entries[i].ID = first + uint64(i)
	}
	alone := d.alone()
	a := d.key.Appended.Add(d.entries...)
	a.Closed, a.Revision = d.key.Close, first+uint64(len(d.entries))
	d.key.Appended = a
	if alone {
		d.key.Appended.Revision = 0 // nothing more comes
		w.log.recordKey(d)
	}
}

// original returns the sequence of the first message of a draft that the stream has
// stored before, of which an acknowledgement does not tell it for several messages.
func (l *Log) original(ctx context.Context, subject string, d *draft) (first uint64, err error) {
	last, _, err := l.askEntry(ctx, get{LastFor: subject})
	if err != nil {
		return 0, err
	}
	m, err := l.seek(ctx, subject, d.after+1, last.ID, d.msgID)
	switch {
	case err != nil:
		return 0, err
	case m == nil:
		return 0, fmt.Errorf("natslog: %w: the entries were stored, and are trimmed already", eventlog.ErrOutcomeUnknown)
	}
	return m.ID, nil
}

// seek returns the message under the subject that has the message id, of those from one
// sequence to another; nil is that there is none.
func (l *Log) seek(ctx context.Context, subject string, seq, last uint64, msgID string) (*message, error) {
	for seq <= last {
		p, err := l.page(ctx, get{Seq: seq, NextFor: subject, Batch: 256, MaxBytes: 1 << 20})
		if err != nil {
			return nil, err
		}
		for i := range p.messages {
			if p.messages[i].msgID == msgID {
				return &p.messages[i], nil
			}
			seq = p.messages[i].ID + 1
		}
		if len(p.messages) > 0 {
			continue
		}
		// Nothing is left, or whoever has answered is behind.
		m, found, err := l.askEntry(ctx, get{Seq: max(seq, 1), NextFor: subject})
		switch {
		case err != nil:
			return nil, err
		case !found:
			return nil, nil
		case m.msgID == msgID:
			return &m, nil
		}
		seq = m.ID + 1
	}
	return nil, nil
}
