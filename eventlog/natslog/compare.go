package natslog

import (
	"context"
	"errors"
	"slices"
	"time"
)

// compareYoung is how soon a cache is compared with the stream after it was opened: the
// servers of a cluster learn of a subscription one after the other.
const compareYoung = 300 * time.Millisecond

// maxMultiLast is how many subjects one request asks for, below the 1,024 that a stream
// answers for.
const maxMultiLast = 1000

// compareLoop compares the caches with the stream until the log is closed: regularly,
// after each signal, and soon after a cache was opened. It adopts another stream first.
func (cs *caches) compareLoop() {
	regular, young := time.NewTicker(cs.options.CheckInterval), time.NewTicker(compareYoung)
	defer regular.Stop()
	defer young.Stop()
	complaint := "" // the last one that was logged
	for {
		var some []*cache
		cool, records := false, true
		select {
		case <-cs.life.ctx.Done():
			return
		case <-cs.state.checks:
			some = cs.opened()
		case <-regular.C:
			some, cool = cs.opened(), true
		case <-young.C:
			some, records = cs.takeYoung(), false
			if len(some) == 0 && !cs.state.stale.Load() {
				continue
			}
		}
		err := cs.adoptAndCompare(cs.life.ctx, some, records)
		cs.state.stale.Store(err != nil)
		switch {
		case err == nil:
			complaint = ""
		case !cs.life.over() && err.Error() != complaint: // it may last
			complaint = err.Error()
			cs.options.Logger.Warn("natslog: cannot compare with the stream", "error", err)
		}
		if cool {
			for _, c := range some {
				c.cool()
			}
		}
	}
}

// adoptAndCompare adopts another stream if there is one, and compares caches with the
// stream. Records says that it checks the stream of the records too.
func (cs *caches) adoptAndCompare(ctx context.Context, some []*cache, records bool) error {
	if err := cs.adopt(ctx); err != nil {
		return err
	}
	if err := cs.compare(ctx, some); err != nil || !records {
		return err
	}
	return cs.recogniseRecords(ctx)
}

// recogniseRecords checks that the stream of the records is the one that the log knows.
func (s *store) recogniseRecords(ctx context.Context) error {
	var info struct {
		Created time.Time `json:"created"`
	}
	if err := s.api(ctx, "STREAM.INFO."+s.subjects.records(), nil, &info); err != nil {
		return err
	}
	if made := s.known.identity.Load().Records; !info.Created.Equal(made) {
		return s.reportReplaced(s.subjects.records(), info.Created, made)
	}
	return nil
}

// compare makes sure that caches know everything that is in the log when it is called.
func (cs *caches) compare(ctx context.Context, some []*cache) error {
	b, err := cs.knownBounds(ctx)
	if err != nil {
		return err
	}
	var behind []*cache
	for _, c := range some {
		if c.knownThrough() < b.Last {
			behind = append(behind, c)
		}
	}
	if len(behind) == 0 {
		return nil
	}
	// The last message of the log shows whether the server that answers is up to date.
	witness, found, err := cs.getEntry(ctx, get{Seq: b.Last})
	if err != nil {
		return err
	}
	for chunk := range slices.Chunk(behind, maxMultiLast) {
		err := errBehind
		if found {
			err = cs.compareChunk(ctx, chunk, witness.subject, b.Last)
		}
		if err == nil {
			continue
		}
		if !errors.Is(err, errBehind) {
			return err
		}
		for _, c := range chunk {
			if err := cs.tolerate(c, cs.catchUp(ctx, c, b.Last)); err != nil {
				return err
			}
		}
	}
	return nil
}

// compareChunk asks any server for the last messages of the caches, as far as they are
// not known. It fails with errBehind if the server is behind the end.
func (cs *caches) compareChunk(ctx context.Context, chunk []*cache, witness string, end uint64) error {
	bySubject := make(map[string]*cache, len(chunk))
	g := get{Seq: end, MultiLast: []string{witness}}
	for _, c := range chunk {
		bySubject[c.subject] = c
		if c.subject != witness {
			g.MultiLast = append(g.MultiLast, c.subject)
		}
		g.Seq = min(g.Seq, c.knownThrough()+1)
	}
	for len(bySubject) > 0 {
		last, err := cs.getMany(ctx, g)
		switch {
		case err != nil:
			return err
		case last.upTo < end:
			return errBehind
		}
		for i := range last.messages {
			m := &last.messages[i]
			g.Seq = m.ID + 1
			c := bySubject[m.subject]
			switch {
			case c == nil:
				continue
			case m.ID > end: // which the leader may not have yet
				err = cs.catchUp(ctx, c, end)
			default:
				err = cs.noteEnd(ctx, c, subjectEnd{message: *m}, end)
			}
			if err := cs.tolerate(c, err); err != nil {
				return err
			}
			delete(bySubject, m.subject)
		}
		if !last.more || len(last.messages) == 0 {
			break
		}
	}
	if len(bySubject) == 0 {
		return nil
	}
	now, err := cs.knownBounds(ctx)
	if err != nil {
		return err
	}
	for _, c := range bySubject {
		if err := cs.tolerate(c, cs.noteEnd(ctx, c, subjectEnd{first: now.First}, end)); err != nil {
			return err
		}
	}
	return nil
}

// tolerate logs an error that concerns one cache alone, such as a broken record, which
// its readers find by themselves. It returns any other error.
func (cs *caches) tolerate(c *cache, err error) error {
	if err == nil || transient(err) || errors.Is(err, context.Canceled) {
		return err
	}
	cs.options.Logger.Error("natslog: cannot compare a subject with the stream", "subject", c.subject, "error", err)
	return nil
}
