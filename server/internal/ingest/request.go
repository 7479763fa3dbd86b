package ingest

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/mixstream/mixstream/eventlog"
)

// request is what one request publishes.
type request struct {
	handler   *Handler
	session   string
	to        Appender
	body      *body
	line      int    // the present line of the body, from 1
	name      string // of the event that came last
	batch     batch
	published published
	keyed     bool // it has an Idempotency-Key

	// keyLock holds the key while nothing uses it, so an append and a renewal exclude each
	// other. It is a channel because takeKey must be able to give up when its context ends.
	keyLock chan *key
}

// published is what the log has of the body.
type published struct {
	first, last uint64 // ids
	count       int
}

func (p *published) add(entries []eventlog.Entry) {
	if len(entries) == 0 {
		return
	}
	if p.count == 0 {
		p.first = entries[0].ID
	}
	p.last = entries[len(entries)-1].ID
	p.count += len(entries)
}

// answer returns the answer to a request whose events are all in the log.
func (p *published) answer() []byte {
	b := make([]byte, 0, 96)
	b = strconv.AppendInt(append(b, `{"count":`...), int64(p.count), 10)
	b = strconv.AppendUint(append(b, `,"firstId":"`...), p.first, 10)
	b = strconv.AppendUint(append(b, `","lastId":"`...), p.last, 10)
	return append(b, "\"}\n"...)
}

// publishOne publishes a body with a single event.
func (q *request) publishOne(r *http.Request) (err error) {
	q.line = 1
	text, err := q.body.readOne()
	if err != nil {
		return q.bodyProblem(err)
	}
	e, err := q.decode(text)
	if err != nil {
		return eventProblem(err)
	}
	q.body.reusable = true
	if err := q.useKeyOf(r); err != nil {
		return err
	}
	defer func() { q.batch.abandon(err) }()
	if err := q.add(r.Context(), e); err != nil {
		return err
	}
	return q.flush(r.Context(), ended)
}

// publishLines publishes a body of lines. It appends what it can have without waiting, so
// that an event never waits for the next one, and memory is bounded whatever the length of
// the body.
func (q *request) publishLines(r *http.Request) (err error) {
	ctx, in := r.Context(), q.body.lines()
	if err := q.useKeyOf(r); err != nil {
		return err
	}
	defer func() { q.batch.abandon(err) }()
	stop := q.keepKey(ctx)
	defer stop()
	for {
		if q.batch.full() || in.mustWait() {
			if err := q.flush(ctx, goesOn); err != nil {
				return err
			}
		}
		text, err := in.next()
		q.line = in.number
		switch {
		case isEOF(err):
			if err := q.flush(ctx, ended); err != nil {
				return err
			}
			if q.published.count == 0 {
				return errNoEvent
			}
			return nil
		case errors.Is(err, errLongLine):
			return cmp.Or[error](q.flush(ctx, refused), q.bodyProblem(err))
		case err != nil:
			return q.bodyProblem(err)
		case len(text) == 0:
			continue
		}
		e, err := q.decode(text)
		if err != nil {
			err = eventProblem(err)
		} else {
			err = q.add(ctx, e)
		}
		if err != nil {
			return cmp.Or(q.flush(ctx, refused), err)
		}
	}
}

// add puts an event into the batch, if it may be published.
func (q *request) add(ctx context.Context, e Event) error {
	checked, err := q.to.Check(ctx, e)
	if err != nil {
		return eventProblem(err)
	}
	q.batch.add(checked)
	return nil
}

// decode returns the event of a text.
func (q *request) decode(text []byte) (Event, error) {
	e, err := decode(text, q.name, q.to)
	q.name = e.Name
	return e, err
}

// following says what follows a batch.
type following int

// What follows a batch.
const (
	goesOn  following = iota // perhaps more events
	ended                    // the end of the body
	refused                  // an event that is refused, and with it the rest of the body
)

// flush appends the batch, and ends the use of the key at the end of the body.
func (q *request) flush(ctx context.Context, then following) error {
	appending := q.outlast(ctx)
	defer appending.end()
	ctx = appending
	k, err := q.takeKey(ctx)
	if err != nil {
		return q.logProblem(err)
	}
	defer q.giveBack(k)
	if err := q.appendAll(ctx, k, then); err != nil {
		return q.logProblem(err)
	}
	if then == ended && k.state == publishedBefore {
		q.renew(ctx, k, true) // whether that succeeds or not, all is published
	}
	return nil
}

// appendAll appends the batch. At the end of the body it also closes the key: whatever comes
// under the key after that belongs to another body.
//
// A log that does not take an entry of this size refuses all that come with it. They are
// then appended one by one, so that those before it are published.
func (q *request) appendAll(ctx context.Context, k *key, then following) error {
	for {
		if err := q.skipRepeated(k, then); err != nil {
			return err
		}
		entries, mustClose := q.batch.next(), then == ended && k.open()
		if len(entries) == 0 && !mustClose {
			return nil
		}
		err := q.append(ctx, k, entries, then == ended && len(entries) == len(q.batch.entries))
		switch {
		case len(entries) > 1 && errors.Is(err, eventlog.ErrEntryTooLarge):
			q.batch.oneByOne = true
		case err != nil:
			return err
		}
	}
}

// skipRepeated takes out of the batch what an earlier request has published of it.
func (q *request) skipRepeated(k *key, then following) error {
	if k.state != repeating {
		return nil
	}
	n, err := k.compare(q.batch.entries, then == goesOn)
	if err != nil {
		return err
	}
	q.batch.take(n, ErrRepeated)
	if k.state != repeating {
		q.published = published{k.log.First, k.log.Last, k.log.Count}
	}
	return nil
}

// append appends entries of the batch; last says that they are the last ones of the body. It appends none if
// the log has more under the key than has come here.
func (q *request) append(ctx context.Context, k *key, entries []eventlog.Entry, last bool) error {
	at := k.forAppend(last)
	n, err := q.to.Append(ctx, at, entries)
	if err != nil {
		if other, ok := errors.AsType[*eventlog.KeyError](err); ok {
			return k.conflict(other.Appended)
		}
		return err
	}
	k.appended(at)
	q.published.add(entries[:n])
	q.batch.take(n, nil)
	return nil
}
