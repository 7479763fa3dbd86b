package natslog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mixstream/mixstream/eventlog"
)

// write stores a draft, and returns the sequence of its first message. It tries until
// the context ends. When it returns an error, the place is lost.
func (w *writer) write(ctx context.Context, d *draft, g guard) (first uint64, err error) {
	tries := attempts{pause: time.Millisecond, spread: true}
	sent := sending{already: d.late, after: d.after}
	for {
		first, wentOut, err := w.tryWrite(ctx, d, g, &sent)
		if err == nil {
			return first, nil
		}
		w.losePlace()
		var v verdict
		switch v, tries.uncertain = judge(err, wentOut, ctx.Err() != nil, tries.uncertain); v {
		case verdictRefused:
			return 0, err
		case verdictUnknown:
			return 0, fmt.Errorf("natslog: %w: %w", eventlog.ErrOutcomeUnknown, err)
		}
		if !tries.wait(ctx) {
			return 0, tries.timeOver(ctx, err)
		}
	}
}

// sending says what is known of earlier attempts to send a draft.
type sending struct {
	already bool   // it was sent, perhaps in vain
	after   uint64 // where the subject ended when it was first sent
}

// tryWrite tries once to store a draft: it finds the place, plans the messages for it,
// publishes them, and concludes from the answer. WentOut says that the messages may have
// reached NATS, so that they may be stored although err is not nil.
func (w *writer) tryWrite(ctx context.Context, d *draft, g guard, sent *sending) (first uint64, wentOut bool, err error) {
	if err := w.state.ours(); err != nil {
		return 0, false, err
	}
	located, err := w.findPlace(ctx, d, g)
	if err != nil {
		return 0, false, err
	}
	if located && d.late {
		if m, err := w.findByID(ctx, d.after+1, w.place.last, d.id); m != nil || err != nil {
			if err != nil {
				return 0, false, err
			}
			return m.ID, false, nil
		}
	}
	p := newPlan(w.subjects, w.subject, w.place, d)
	if d.key != nil && (sent.already || d.alone()) {
		// An earlier failure may have been the key's, and the draft may be stored.
		has, err := w.loadKey(ctx, p.keySubject)
		if err != nil {
			return 0, false, err
		}
		if repeated, err := w.compareKey(ctx, &p, has, located); repeated || err != nil {
			return d.entries[0].ID, false, err
		}
	}
	if !sent.already {
		*sent = sending{already: true, after: w.place.last}
	}
	first, repeated, err := w.publish(ctx, p.messages(w.options.keyLife))
	switch conclude(repeated, err, d.key != nil) {
	case isStored:
		w.place = p.behind(first)
		w.storedKey(&p, first)
		return first, false, nil
	case isOriginal:
		w.losePlace() // others may have come since
		return first, false, nil
	case seekOriginal:
		w.losePlace() // the original may be behind the place
		first, err := w.findOriginal(ctx, sent.after, d.id)
		return first, false, err
	case askTheKey:
		first, err := w.findKeyed(ctx, &p, located)
		return first, false, err
	}
	return 0, !unsent(err), err
}

// conclusion says what follows from the answer to a published draft.
type conclusion int

const (
	isStored     conclusion = iota // it is stored, by this attempt
	isOriginal                     // it was stored before, as the answer says
	seekOriginal                   // it was stored before: find it under the subject
	askTheKey                      // its key was used before, perhaps for this draft
	isFailure                      // judge the error
)

// conclude returns what follows from an answer. For one message, the stream
// acknowledges the original as repeated; a batch it refuses with errRepeated.
//
//	answer                  without a key    with a key
//	stored                  isStored         isStored
//	repeated                isOriginal       askTheKey
//	refused as repeated     seekOriginal     askTheKey
//	any other error         isFailure        isFailure
func conclude(repeated bool, err error, keyed bool) conclusion {
	refusedAsRepeated := errors.Is(err, errRepeated)
	switch {
	case err != nil && !refusedAsRepeated:
		return isFailure
	case !repeated && !refusedAsRepeated:
		return isStored
	case keyed:
		return askTheKey
	case refusedAsRepeated:
		return seekOriginal
	}
	return isOriginal
}

// findPlace finds the place unless it is known, and reports whether it had to.
func (w *writer) findPlace(ctx context.Context, d *draft, g guard) (located bool, err error) {
	epoch := w.known.epoch.Load()
	if w.place.known && w.place.epoch == epoch {
		return false, nil
	}
	w.losePlace()
	// Checked before the guard makes a record for what the server refuses.
	p := newPlan(w.subjects, w.subject, place{}, d)
	if err := w.checkSize(p.messages(w.options.keyLife)...); err != nil {
		return false, err
	}
	// The end is read before the guard reads the session's record. A deletion writes to the
	// record first, and then to the subject. So if the end has the deletion, the guard sees
	// it; if the deletion comes later, the stream refuses the draft with errMoved. It does
	// so too if the guard itself writes to the subject, and the next attempt succeeds.
	m, found, err := w.getEntry(ctx, get{LastFor: w.subject})
	if err != nil {
		return false, err
	}
	a, err := g(ctx, w)
	if err != nil {
		return false, err
	}
	next := link{prev: m.ID, index: m.index + 1}
	switch {
	case !found:
		b, err := w.knownBounds(ctx)
		if err != nil {
			return false, err
		}
		next = link{prev: a.mark.within(w.known.start.Load(), b), root: true, birth: a.mark.exact, index: 1}
	case m.ID <= a.mark.position: // it is left of an earlier session
		next.root, next.birth = true, true
	}
	w.place = place{known: true, epoch: epoch, last: m.ID, next: next, record: a.record}
	return true, nil
}
