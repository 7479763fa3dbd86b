package server

import (
	"context"
	"errors"
	"time"

	"github.com/mixstream/mixstream/eventlog"
)

// A body with an Idempotency-Key is known to the log under it: how many of its events the
// log has, their ids, and a digest. Wherever an earlier request with the key was cut, and
// in whatever pieces it came, one call tells how far it got. The events up to there are
// compared by the digest as they come, and not appended again.

// ErrRepeated is the error of a [Publication] that comes under an Idempotency-Key for the
// second time: an earlier request has published the event.
var ErrRepeated = errors.New("server: published before, under the same Idempotency-Key")

// useKey makes the publication one of a body with an Idempotency-Key.
func (p *publication) useKey(key string) {
	p.key, p.turn = &eventlog.Key{Name: "publish/" + key}, make(chan struct{}, 1)
}

// take waits until a renewal that is under way is over: what the publication knows of its
// key then belongs to the caller, until it calls letGo.
func (p *publication) take(ctx context.Context) error {
	if p.turn == nil {
		return nil
	}
	select {
	case p.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *publication) letGo() {
	if p.turn != nil {
		<-p.turn
	}
}

// keyIsOpen reports whether the key is to be closed when the body is at its end.
func (p *publication) keyIsOpen() bool {
	return p.key != nil && p.key.Appended.Count > 0 && !p.key.Appended.Closed
}

// renewRepeated renews the key of a body of which an earlier request has published the
// end. Whether it succeeds or not, all is published.
func (p *publication) renewRepeated(ctx context.Context) {
	if p.key != nil && p.repeated.Count > 0 && p.repeated.Count == p.key.Appended.Count {
		_ = p.append(ctx, 0, true)
	}
}

// follow takes note of what the log has under the key, where that is not what the log has
// by this request.
func (p *publication) follow(has eventlog.Appended) error {
	switch mine := p.key.Appended; {
	case has.Count < mine.Count:
		return eventlog.ErrKeyForgotten // and used again
	case has.Count == mine.Count:
		return eventlog.ErrKeyReused // of other events, or closed
	}
	p.ahead, p.repeated = &has, p.key.Appended
	return nil
}

// skipRepeated takes out of the batch what the log has of it by an earlier request. It
// fails if these are not the same events, or if the body ends before them.
func (p *publication) skipRepeated(end bool) error {
	if p.ahead == nil {
		return nil
	}
	n := min(len(p.batch.entries), p.ahead.Count-p.repeated.Count)
	p.repeated = p.repeated.Add(p.batch.entries[:n]...)
	p.batch.take(n, ErrRepeated)
	switch {
	case p.repeated.Count < p.ahead.Count && end, p.repeated.Count == p.ahead.Count && !p.repeated.Same(*p.ahead):
		return eventlog.ErrKeyReused
	case p.repeated.Count == p.ahead.Count:
		p.key.Appended, p.ahead = *p.ahead, nil
		p.first, p.last, p.count = p.key.Appended.First, p.key.Appended.Last, p.key.Appended.Count
	}
	return nil
}

// flushRefused appends what came before a line that is refused.
func (p *publication) flushRefused(ctx context.Context) error {
	if err := p.flush(ctx, false); err != nil {
		return err
	}
	if err := p.take(ctx); err != nil {
		return err
	}
	defer p.letGo()
	if p.ahead != nil {
		return eventlog.ErrKeyReused // the log has an event in the place of the line
	}
	return nil
}

// renewEvery is how often a key is renewed, and how long that may take.
const renewEvery = eventlog.KeyLife / 6

// keepKey renews the key while the body is on its way, so that the log knows it however
// long the next event takes. The function that it returns ends that.
func (p *publication) keepKey(ctx context.Context) (stop func()) {
	if p.key == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		again := time.NewTicker(renewEvery)
		defer again.Stop()
		for {
			select {
			case <-again.C:
				p.renewKey(ctx)
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

// renewKey renews the key, or learns that another request is ahead under it. What fails
// here fails again, or not, with the next event.
func (p *publication) renewKey(ctx context.Context) {
	select {
	case p.turn <- struct{}{}:
		defer p.letGo()
	default:
		return // an Append is under way, which renews it as well
	}
	ctx, cancel := context.WithTimeout(ctx, renewEvery)
	defer cancel()
	key := eventlog.Key{Name: p.key.Name, Appended: p.key.Appended}
	if p.ahead != nil {
		key.Appended = *p.ahead
	}
	err := p.server.log.Append(ctx, p.session, &key, nil)
	var other *eventlog.KeyError
	switch {
	case err == nil && p.ahead != nil:
		p.ahead = &key.Appended
	case err == nil:
		p.key.Appended = key.Appended
	case errors.As(err, &other) && p.ahead == nil && other.Appended.Count > p.key.Appended.Count:
		_ = p.follow(other.Appended) // which is ahead
	case errors.As(err, &other) && p.ahead != nil && other.Appended.Count >= p.ahead.Count:
		p.ahead = &other.Appended // and goes on, or has ended
	}
}
