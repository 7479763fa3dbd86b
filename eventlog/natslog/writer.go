package natslog

import (
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
		case errors.Is(err, eventlog.ErrOutcomeUnknown): // of a record, and no time is left
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
	if !w.known {
		// Before settle makes a record for what nobody can store.
		if err := w.log.fit(d.messages(w)); err != nil {
			return 0, err
		}
		if err := w.find(ctx, settle); err != nil {
			return 0, err
		}
		if d.seek != 0 {
			if m, err := w.log.seek(ctx, w.subject, get{Seq: d.seek + 1}, w.last, d.msgID); m != nil || err != nil {
				if err != nil {
					return 0, err
				}
				return m.ID, nil
			}
		}
	}
	first, repeated, err := w.log.publish(ctx, d.messages(w))
	n := uint64(max(len(d.entries), 1))
	switch {
	case errors.Is(err, errRepeated), err == nil && repeated && d.keyed:
		w.known = false // that may be after the place that was known
		id, err := w.log.original(ctx, w.subject, d)
		if n == 1 && errors.Is(err, errTrimmed) {
			return first, nil // the acknowledgement tells, as it does not of a batch
		}
		return id, err
	case err == nil && repeated:
		w.known = false // others may have come since
	case err == nil:
		w.last = first + n - 1
		w.next = link{prev: w.last, index: w.next.index + n}
	case !unsent(err):
		err = sentError{err}
	}
	return first, err
}

// errTrimmed says that what was stored under a key is gone, and with it the ids.
var errTrimmed = fmt.Errorf("%w: the entries of this key are not retained any more", eventlog.ErrKeyReused)

// original returns the sequence of what was stored under a message id before.
func (l *Log) original(ctx context.Context, subject string, d *draft) (first uint64, err error) {
	last, _, err := l.askEntry(ctx, get{LastFor: subject})
	if err != nil {
		return 0, err
	}
	began := time.Now().Add(-keyWindow - 5*time.Minute) // clocks may differ
	m, err := l.seek(ctx, subject, get{StartTime: began.UTC().Format(time.RFC3339Nano)}, last.ID, d.msgID)
	switch {
	case err != nil:
		return 0, err
	case m == nil:
		return 0, fmt.Errorf("natslog: %w", errTrimmed)
	case d.keyed && max(m.count, 1) != max(len(d.entries), 1):
		return 0, fmt.Errorf("natslog: %w", eventlog.ErrKeyReused)
	}
	return m.ID, nil
}

// seek returns the message under the subject that has the message id, of those from
// where g begins up to last; nil is that there is none.
func (l *Log) seek(ctx context.Context, subject string, g get, last uint64, msgID string) (*message, error) {
	g.NextFor, g.Batch, g.MaxBytes = subject, 256, 1<<20
	for g.Seq <= last {
		p, err := l.page(ctx, g)
		if err != nil {
			return nil, err
		}
		for i := range p.messages {
			if p.messages[i].msgID == msgID {
				return &p.messages[i], nil
			}
			g.Seq, g.StartTime = p.messages[i].ID+1, ""
		}
		if len(p.messages) > 0 {
			continue
		}
		// Nothing is left, or whoever has answered is behind.
		next := get{Seq: max(g.Seq, 1), NextFor: subject}
		if g.StartTime != "" {
			next = get{LastFor: subject}
		}
		m, found, err := l.askEntry(ctx, next)
		switch {
		case err != nil:
			return nil, err
		case !found:
			return nil, nil
		case m.msgID == msgID:
			return &m, nil
		case g.StartTime != "":
			return nil, nil
		}
		g.Seq = m.ID + 1
	}
	return nil, nil
}
