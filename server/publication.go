package server

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/gen"
)

// What is appended to the log at once.
const (
	maxBatch      = 256
	maxBatchBytes = 256 << 10
)

// publication is what one request publishes.
type publication struct {
	server  *Server
	session eventlog.Session
	key     string // the Idempotency-Key; empty without one
	line    int    // the present line of the body, from 1
	unread  bool   // the body of an HTTP/1 request is not read to its end

	batch batch

	first, last uint64 // the ids of what was appended
	count       int
}

// batch is what has come and is not yet in the log.
type batch struct {
	entries []eventlog.Entry
	watched []watched // empty without an observer
	size    int       // of the data
	tried   int       // how many entries the key of the batch is known not to stand for
}

// watched is an entry's publication, as the observer is told of it.
type watched struct {
	ctx context.Context
	publishing
}

// one publishes a single event.
func (p *publication) one(ctx context.Context, event gen.PublishedEvent) (err error) {
	defer func() { p.abandon(err) }()
	if err := p.add(ctx, event); err != nil {
		return err
	}
	return p.flush(ctx, true)
}

// add puts an event into the batch, if it may be published.
func (p *publication) add(ctx context.Context, event gen.PublishedEvent) error {
	s, name := p.server, string(event.Event)
	var w watched
	w.ctx, w.publishing = s.begin(ctx, p.session.ID)
	decoded := gen.DecodeEvent(name, event.Data)
	w.event(decoded, len(event.Data))
	entry, err := s.entry(decoded, event)
	if err != nil {
		w.end(w.ctx, "", err)
		return err
	}
	w.event(decoded, len(entry.Data))
	p.batch.entries = append(p.batch.entries, entry)
	p.batch.size += len(entry.Data)
	if w.observer != nil {
		p.batch.watched = append(p.batch.watched, w)
	}
	return nil
}

// entry returns the entry of an event that came as JSON, if it may be published.
func (s *Server) entry(decoded gen.Event, event gen.PublishedEvent) (eventlog.Entry, error) {
	name := string(event.Event)
	// The schema first: it can tell more exactly than the Go type what does not fit.
	if err := gen.ValidateEvent(name, event.Data); err != nil {
		return eventlog.Entry{}, err
	}
	data, err := publishableJSON(decoded, event.Data)
	if err != nil {
		return eventlog.Entry{}, err
	}
	return eventlog.Entry{Name: name, Data: data}, s.checkSize(data)
}

func (b *batch) full() bool { return len(b.entries) >= maxBatch || b.size >= maxBatchBytes }

// flush appends the batch. Entries that it leaves behind wait for more of them: what
// their key stands for can be told only then, and never at the end of the body.
func (p *publication) flush(ctx context.Context, end bool) error {
	b := &p.batch
	for len(b.entries) > b.tried {
		n, err := p.append(ctx)
		switch {
		case errors.Is(err, eventlog.ErrKeyReused):
			b.tried = len(b.entries)
		case err != nil:
			return err
		default:
			p.appended(n)
		}
	}
	if len(b.entries) > 0 && (end || b.full()) {
		return eventlog.ErrKeyReused
	}
	return nil
}

// append appends what it can of the batch, and returns how many entries that was.
//
// The key of a batch names the place of its first event in the body. Where an
// earlier request with the same body had its batches end elsewhere, which is a
// matter of timing, the log knows the key for another number of entries: then it is
// the number for which the log knows it that this request has to go on with. Under a
// wrong one nothing is appended.
//
// A log that does not take an entry of this size refuses the whole batch; those before
// the entry are appended all the same.
func (p *publication) append(ctx context.Context) (n int, err error) {
	b := &p.batch
	key := p.key
	if key != "" {
		key = "publish/" + p.key + "/" + strconv.Itoa(p.count)
	}
	for n = len(b.entries); n > b.tried; n-- {
		// What has come whole is not left halfway, whoever leaves or shuts down.
		err = p.server.log.Append(context.WithoutCancel(ctx), p.session, key, b.entries[:n])
		if !errors.Is(err, eventlog.ErrKeyReused) && !errors.Is(err, eventlog.ErrEntryTooLarge) {
			return n, err
		}
	}
	if errors.Is(err, eventlog.ErrEntryTooLarge) {
		err = fmt.Errorf("%w: %w", ErrEventTooLarge, err)
	}
	return 0, err
}

// appended takes note of the first n entries of the batch, which are in the log.
func (p *publication) appended(n int) {
	b := &p.batch
	if p.count == 0 {
		p.first = b.entries[0].ID
	}
	p.last = b.entries[n-1].ID
	p.count += n
	for i := range b.watched[:min(n, len(b.watched))] {
		w := &b.watched[i]
		w.end(w.ctx, formatID(b.entries[i].ID), nil)
	}
	rest := batch{entries: b.entries[:copy(b.entries, b.entries[n:])]}
	if len(b.watched) > 0 {
		rest.watched = b.watched[:copy(b.watched, b.watched[n:])]
	}
	for _, e := range rest.entries {
		rest.size += len(e.Data)
	}
	*b = rest
}

// abandon tells the observer of what is not published.
func (p *publication) abandon(err error) {
	for i := range p.batch.watched {
		w := &p.batch.watched[i]
		w.end(w.ctx, "", err)
	}
}
