package natslog

import (
	"context"
	"errors"
	"slices"
	"time"
)

// checkYoung is how soon a feed is compared with the stream after it was opened: the
// servers of a cluster learn of a subscription one after the other.
const checkYoung = 300 * time.Millisecond

// maxMultiLast is how many subjects are asked for at once, below the 1,024 that a
// stream answers for.
const maxMultiLast = 1000

// checkSoon has the feeds compared with the stream.
func (l *Log) checkSoon() {
	select {
	case l.checkNow <- struct{}{}:
	default:
	}
}

// check compares the feeds with the stream, for as long as the log is open.
func (l *Log) check() {
	all, young := time.NewTicker(l.options.CheckInterval), time.NewTicker(checkYoung)
	defer all.Stop()
	defer young.Stop()
	complaint := "" // that was logged last
	for {
		var feeds []*feed
		cool, records := false, true
		select {
		case <-l.ctx.Done():
			return
		case <-l.checkNow:
			feeds = l.openFeeds()
		case <-all.C:
			feeds, cool = l.openFeeds(), true
		case <-young.C:
			records = false
			l.mu.Lock()
			feeds, l.young = l.young, nil
			l.mu.Unlock()
			if len(feeds) == 0 && !l.stale.Load() {
				continue
			}
		}
		err := l.adopt(l.ctx)
		if err == nil {
			err = l.compare(l.ctx, feeds)
		}
		if err == nil && records {
			err = l.recogniseRecords(l.ctx)
		}
		l.stale.Store(err != nil)
		switch {
		case err == nil:
			complaint = ""
		case l.ctx.Err() == nil && err.Error() != complaint: // which may last
			complaint = err.Error()
			l.options.Logger.Warn("natslog: cannot compare with the stream", "error", err)
		}
		if cool {
			for _, f := range feeds {
				f.cool()
			}
		}
	}
}

func (l *Log) openFeeds() []*feed {
	l.mu.Lock()
	defer l.mu.Unlock()
	feeds := make([]*feed, 0, len(l.feeds))
	for _, f := range l.feeds {
		if f.opening == nil {
			feeds = append(feeds, f)
		}
	}
	return feeds
}

// compare makes sure that the feeds know of everything that is in the log when it
// is called.
func (l *Log) compare(ctx context.Context, feeds []*feed) error {
	b, err := l.bounds.ask(ctx, l)
	if err != nil {
		return err
	}
	var behind []*feed
	for _, f := range feeds {
		if f.known() < b.Last {
			behind = append(behind, f)
		}
	}
	if len(behind) == 0 {
		return nil
	}
	// The last message of the log shows whether who answers is not behind.
	witness, found, err := l.askEntry(ctx, get{Seq: b.Last})
	if err != nil {
		return err
	}
	for chunk := range slices.Chunk(behind, maxMultiLast) {
		err := errBehind
		if found {
			err = l.compareSome(ctx, chunk, witness.subject, b.Last)
		}
		if err == nil {
			continue
		}
		if !errors.Is(err, errBehind) {
			return err
		}
		for _, f := range chunk {
			if err := l.noted(f, l.verify(ctx, f, b.Last)); err != nil {
				return err
			}
		}
	}
	return nil
}

// errBehind says that a server has not got far enough to answer.
var errBehind = errors.New("the server is behind the leader")

// compareSome asks for the last messages of the feeds, as far as they are not known.
func (l *Log) compareSome(ctx context.Context, feeds []*feed, witness string, end uint64) error {
	bySubject := make(map[string]*feed, len(feeds))
	g := get{Seq: end, MultiLast: []string{witness}}
	for _, f := range feeds {
		bySubject[f.subject] = f
		if f.subject != witness {
			g.MultiLast = append(g.MultiLast, f.subject)
		}
		g.Seq = min(g.Seq, f.known()+1)
	}
	for len(bySubject) > 0 {
		p, err := l.page(ctx, g)
		switch {
		case err != nil:
			return err
		case p.upTo < end:
			return errBehind
		}
		for i := range p.messages {
			m := &p.messages[i]
			g.Seq = m.ID + 1
			f := bySubject[m.subject]
			switch {
			case f == nil:
				continue
			case m.ID > end: // which the leader may not have yet
				err = l.verify(ctx, f, end)
			default:
				err = l.extend(ctx, f, tail{message: *m}, end)
			}
			if err := l.noted(f, err); err != nil {
				return err
			}
			delete(bySubject, m.subject)
		}
		if !p.more || len(p.messages) == 0 {
			break
		}
	}
	if len(bySubject) == 0 {
		return nil
	}
	after, err := l.bounds.ask(ctx, l)
	if err != nil {
		return err
	}
	for _, f := range bySubject {
		if err := l.noted(f, l.extend(ctx, f, tail{first: after.First}, end)); err != nil {
			return err
		}
	}
	return nil
}

// noted logs an error that concerns a feed alone, such as a broken record, whose readers
// come upon it by themselves. It returns any other.
func (l *Log) noted(f *feed, err error) error {
	if err == nil || transient(err) || errors.Is(err, context.Canceled) {
		return err
	}
	l.options.Logger.Error("natslog: cannot compare a subject with the stream", "subject", f.subject, "error", err)
	return nil
}
