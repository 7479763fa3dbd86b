package server

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mixstream/mixstream/eventlog"
)

// What is appended to the log at once.
const (
	maxBatch      = 256
	maxBatchBytes = 256 << 10
)

// publication is what one request publishes.
type publication struct {
	server  *engine
	name    string // of the session
	session eventlog.Session
	line    int  // the present line of the body, from 1
	unread  bool // the body of an HTTP/1 request is not read to its end

	batch batch

	first, last uint64 // the ids of what the log has of the body
	count       int

	turn     chan struct{}      // with a key, holds the one who has what follows; see take
	key      *eventlog.Key      // nil without an Idempotency-Key
	ahead    *eventlog.Appended // what the log has under the key, while that is more than of this body has come
	repeated eventlog.Appended  // what has come, then
}

// batch is what has come and is not yet in the log.
type batch struct {
	entries []eventlog.Entry
	watched []watched // empty without an observer
	size    int       // of the data
	single  bool      // the log does not take all of them at once
}

// watched is an entry's publication, as the observer is told of it.
type watched struct {
	ctx context.Context
	publishing
}

// one publishes a single event.
func (p *publication) one(ctx context.Context, event publishedEvent) (err error) {
	defer func() { p.abandon(err) }()
	if err := p.add(ctx, event); err != nil {
		return err
	}
	return p.flush(ctx, true)
}

// add puts an event into the batch, if it may be published.
func (p *publication) add(ctx context.Context, event publishedEvent) error {
	s := p.server
	var w watched
	w.ctx, w.publishing = s.begin(ctx, p.name)
	w.event(s.known(event.Event), len(event.Data))
	entry, err := s.entry(event)
	if err != nil {
		w.end(w.ctx, "", err)
		return err
	}
	w.event(event.Event, len(entry.Data))
	p.batch.entries = append(p.batch.entries, entry)
	p.batch.size += len(entry.Data)
	if w.observer != nil {
		p.batch.watched = append(p.batch.watched, w)
	}
	return nil
}

// entry returns the entry of an event that came as JSON, if it may be published.
func (s *engine) entry(event publishedEvent) (eventlog.Entry, error) {
	// The schema first: it can tell more exactly than the Go type what does not fit.
	if err := s.op.fits(event.Event, event.Data); err != nil {
		return eventlog.Entry{}, err
	}
	data, err := s.publishableJSON(event.Event, event.Data, false)
	if err != nil {
		return eventlog.Entry{}, err
	}
	return eventlog.Entry{Name: event.Event, Data: data}, s.checkData(event.Event, data)
}

func (b *batch) full() bool { return len(b.entries) >= maxBatch || b.size >= maxBatchBytes }

// next returns how many entries are to be appended at once.
func (b *batch) next() int {
	if b.single {
		return min(1, len(b.entries))
	}
	return len(b.entries)
}

// take removes the first n entries, and tells the observer of each that it is in the log,
// or why it is not appended.
func (b *batch) take(n int, err error) {
	for i := range b.watched[:min(n, len(b.watched))] {
		w, id := &b.watched[i], ""
		if err == nil {
			id = formatID(b.entries[i].ID)
		}
		w.end(w.ctx, id, err)
	}
	rest := batch{entries: b.entries[:copy(b.entries, b.entries[n:])], single: b.single && n < len(b.entries)}
	if len(b.watched) > 0 {
		rest.watched = b.watched[:copy(b.watched, b.watched[n:])]
	}
	for _, e := range rest.entries {
		rest.size += len(e.Data)
	}
	*b = rest
}

// flush appends the batch. At the end of the body it also closes the key: whatever comes
// under the key behind that belongs to another body.
//
// A log that does not take an entry of this size refuses all that come with it. They are
// then appended one by one, so that those before it are published.
func (p *publication) flush(ctx context.Context, end bool) error {
	ctx, cancel := p.settling(ctx)
	defer cancel()
	if err := p.take(ctx); err != nil {
		return err
	}
	defer p.letGo()
	for {
		if err := p.skipRepeated(end); err != nil {
			return err
		}
		n := p.server.together(p.batch.entries[:p.batch.next()])
		if n == 0 && !(end && p.keyIsOpen()) {
			if end {
				p.renewRepeated(ctx)
			}
			return nil
		}
		switch err := p.append(ctx, n, end && n == len(p.batch.entries)); {
		case n > 1 && errors.Is(err, eventlog.ErrEntryTooLarge):
			p.batch.single = true
		case errors.Is(err, eventlog.ErrEntryTooLarge):
			return fmt.Errorf("%w: %w", ErrEventTooLarge, err)
		case err != nil:
			return err
		}
	}
}

// append appends the first n entries of the batch. Last says that they are the last of
// the body. If the log has more under the key than has come here, nothing is appended, and
// ahead is set.
func (p *publication) append(ctx context.Context, n int, last bool) error {
	var key *eventlog.Key
	if p.key != nil {
		key = &eventlog.Key{Name: p.key.Name, Appended: p.key.Appended, Close: last}
	}
	entries := p.batch.entries[:n]
	err := p.server.write(ctx, p.session, p.name, key, entries)
	var other *eventlog.KeyError
	switch {
	case errors.As(err, &other):
		return p.follow(other.Appended)
	case err != nil:
		return err
	}
	p.key = key
	if n > 0 {
		if p.count == 0 {
			p.first = entries[0].ID
		}
		p.last = entries[n-1].ID
		p.count += n
		p.batch.take(n, nil)
	}
	return nil
}

// Bounds of the calls of the log that append what has come.
const (
	keyedTimeout = eventlog.KeyLife / 3 // under a key, long before the log may forget it
	leftTimeout  = 5 * time.Second      // when the client has left
)

// settling returns the context to append with. What has come whole is not left halfway: it
// outlasts a client that leaves, for a while, and a server that shuts down.
func (p *publication) settling(ctx context.Context) (context.Context, context.CancelFunc) {
	limit := never
	if p.key != nil {
		limit = keyedTimeout
	}
	settling, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	stop := context.AfterFunc(ctx, func() {
		if p.server.streams.draining.Load() {
			return // which interrupts the reading of the body, and so ends ctx
		}
		timer := time.AfterFunc(leftTimeout, cancel)
		context.AfterFunc(settling, func() { timer.Stop() })
	})
	return settling, func() { stop(); cancel() }
}

// abandon tells the observer of what is not published.
func (p *publication) abandon(err error) {
	for i := range p.batch.watched {
		w := &p.batch.watched[i]
		w.end(w.ctx, "", err)
	}
}
