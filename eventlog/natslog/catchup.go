package natslog

import (
	"context"
)

// askEnd asks the leader for the end of a subject.
func (s *store) askEnd(ctx context.Context, subject string) (end subjectEnd, err error) {
	end.message, _, err = s.getEntry(ctx, get{LastFor: subject})
	if err == nil && end.ID == 0 {
		var b bounds
		b, err = s.knownBounds(ctx)
		end.first = b.First
	}
	return end, err
}

// catchUp makes sure that a cache knows everything up to a position, which the leader
// of the stream has stored already.
func (s *store) catchUp(ctx context.Context, c *cache, through uint64) error {
	c.mu.Lock()
	if c.through >= through {
		c.mu.Unlock()
		return nil
	}
	if c.asking == nil {
		c.asking = &coalesced[subjectEnd]{question: func(ctx context.Context) (subjectEnd, error) { return s.askEnd(ctx, c.subject) }}
	}
	asking := c.asking
	c.mu.Unlock()
	end, err := asking.ask(ctx, s.life)
	if err != nil {
		return err
	}
	return s.noteEnd(ctx, c, end, through)
}

// noteEnd gives a cache the end of its subject, which was found after the cache was last
// compared with the stream. It holds up to a position.
func (s *store) noteEnd(ctx context.Context, c *cache, end subjectEnd, through uint64) error {
	if end.ID != 0 {
		c.take(&end.message, s.cacheEntries)
	} else if err := s.noteEmpty(ctx, c, end.first); err != nil {
		return err
	}
	c.extendTo(through)
	return nil
}

// noteEmpty tells a cache that nothing new was found under its subject, and the first
// sequence of the stream after that. What is trimmed is before it. If that is beyond
// what the cache knows, something may have come and gone, unless the record of the
// session says that it had nothing.
func (s *store) noteEmpty(ctx context.Context, c *cache, first uint64) error {
	if first == 0 || first-1 <= c.knownThrough() {
		return nil
	}
	if c.ofSession {
		r, err := s.loadRecord(ctx, c.session)
		switch {
		case err != nil:
			return err
		case r.Floor != 0 && (!r.exists() || !r.Written):
			c.raiseFloor(r.Floor)
			return nil
		}
	}
	c.raiseFloor(first - 1)
	return nil
}

// findFloor returns the position from which on everything under a subject can be read.
func (s *store) findFloor(ctx context.Context, c *cache) (uint64, error) {
	for {
		before := c.lastKnown()
		m, found, err := s.getEntry(ctx, get{Seq: 1, NextFor: c.subject})
		if err != nil {
			return 0, err
		}
		if found {
			return c.raiseFloor(m.prev), nil // the cache must offer nothing before it
		}
		b, err := s.knownBounds(ctx)
		if err != nil {
			return 0, err
		}
		if err := s.noteEmpty(ctx, c, b.First); err != nil {
			return 0, err
		}
		// What has come since the subject was empty is not before its floor.
		if c.lastKnown() == before {
			return before, nil
		}
	}
}
