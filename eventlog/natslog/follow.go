package natslog

import (
	"context"
)

// opening is a feed's until it is open.
type opening struct {
	done chan struct{}
	err  error
}

// follow returns the feed for one of its subject, which is made by it if there is
// none. The caller lets go of it.
func (l *Log) follow(ctx context.Context, of *feed) (*feed, error) {
	l.mu.Lock()
	f := l.feeds[of.subject]
	first := f == nil
	if first {
		f = of
		f.opening = &opening{done: make(chan struct{})}
		l.feeds[f.subject] = f
	}
	f.refs++
	o := f.opening
	l.mu.Unlock()
	switch {
	case first:
		// Others may wait for it, whatever becomes of the one who came first.
		o.err = l.openFeed(context.WithoutCancel(ctx), f)
		l.mu.Lock()
		f.opening = nil
		l.young = append(l.young, f)
		if o.err != nil {
			delete(l.feeds, f.subject)
		}
		l.mu.Unlock()
		close(o.done)
	case o != nil:
		select {
		case <-o.done:
		case <-ctx.Done():
			l.unfollow(f)
			return nil, ctx.Err()
		}
	}
	if o != nil && o.err != nil {
		l.unfollow(f)
		return nil, o.err
	}
	return f, nil
}

// openFeed subscribes to a subject, and only then looks for its end: what comes
// after that is delivered, or missed as anything may be.
func (l *Log) openFeed(ctx context.Context, f *feed) (err error) {
	if f.sub, err = l.nc.ChanSubscribe(l.subjects.live(f.subject), l.live); err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, l.options.RequestTimeout)
	defer cancel()
	if err := l.nc.FlushWithContext(limited); err != nil {
		return err
	}
	b, err := l.bounds.ask(limited, l)
	if err != nil {
		return err
	}
	t, err := l.askTail(ctx, f.subject)
	if err != nil {
		return err
	}
	last := t.ID
	if last == 0 {
		var empty mark
		if f.ofSession {
			r, err := l.load(limited, f.session)
			if err != nil {
				return err
			}
			empty = r.mark()
		}
		last = empty.within(l, bounds{First: t.first})
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if last >= f.last { // or else something has come in the meantime
		f.last, f.from, f.recent, f.bytes = last, last, nil, 0
	}
	f.through = max(f.through, f.last, b.Last)
	return nil
}

// unfollow lets go of a feed, and ends it with its last reader.
func (l *Log) unfollow(f *feed) {
	l.mu.Lock()
	f.refs--
	over := f.refs == 0
	if over && l.feeds[f.subject] == f {
		delete(l.feeds, f.subject)
	}
	l.mu.Unlock()
	if over && f.sub != nil {
		_ = f.sub.Unsubscribe() // it fails only if the connection has ended
	}
}

// deliver hands live messages to their feeds, for as long as the log is open.
func (l *Log) deliver() {
	for {
		select {
		case m := <-l.live:
			if l.options.dropLive != nil && l.options.dropLive(m) {
				continue
			}
			l.mu.Lock()
			f := l.feeds[l.subjects.stored(m.Subject)]
			l.mu.Unlock()
			if f == nil {
				continue
			}
			if e, ok := parseDelivery(m); ok {
				f.take(&e, l.cacheEntries)
			}
		case <-l.ctx.Done():
			return
		}
	}
}
