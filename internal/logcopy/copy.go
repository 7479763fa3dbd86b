package logcopy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"time"

	"github.com/mixstream/mixstream/internal/excerpt"
)

// Options says how to copy.
type Options struct {
	// Damaged says that the source has lost something. Then what can be read is copied, and
	// the target need not retain all of it.
	Damaged bool
	// Logger gets the progress. It must not be nil.
	Logger *slog.Logger
}

// Counts says what was copied.
type Counts struct {
	Entries  int
	Sessions int
	Keys     int
}

// reportEvery is how often Copy logs its progress.
const reportEvery = 5 * time.Second

// errInUse says that the source has got entries while it was copied.
var errInUse = errors.New("the log to copy from is in use, and has got events meanwhile: stop its servers, and copy again")

// Copy copies the sessions, the retained entries and the keys of one log into another. The entries
// get new ids in the same order, above all that the source has given out: so readers of the source
// are told a gap. It closes the source.
//
// Nothing may write to either log meanwhile. After an error, the target is empty, or is one that
// no server takes for a log.
func Copy(ctx context.Context, to Target, from Source, o Options) (n Counts, err error) {
	defer from.Close()
	c := copying{to: to, o: o, reported: time.Now(), sizes: make(map[Stream]int64)}
	if c.sessions, err = from.Sessions(ctx); err != nil {
		return n, fmt.Errorf("read the sessions: %w", err)
	}
	above, err := from.Above(ctx)
	if err != nil {
		return n, err
	}
	if c.last, err = to.Begin(ctx, above); err != nil {
		return n, err
	}
	defer func() {
		if err != nil {
			to.Abort()
		}
	}()
	c.sortPositions()
	if err := from.Entries(ctx, func(entries []Entry) error { return c.append(ctx, entries) }); err != nil {
		return n, fmt.Errorf("copy the entries: %w", err)
	}
	c.move(math.MaxUint64, c.last)
	keys, err := from.Keys(ctx)
	if err == nil {
		keys, err = c.takenKeys(ctx, keys)
	}
	if err != nil {
		return n, fmt.Errorf("copy the keys: %w", err)
	}
	if moved, err := from.Moved(ctx); err != nil || moved && !o.Damaged {
		return n, cmp.Or(err, errInUse)
	}
	if err := to.Finish(ctx, c.sessions, keys); err != nil {
		return n, fmt.Errorf("copy the sessions: %w", err)
	}
	if c.dropped > 0 {
		o.Logger.Warn("events were left out: no session tells the name of their scope", "events", c.dropped)
	}
	return Counts{Entries: c.entries, Sessions: len(c.sessions), Keys: len(keys)}, nil
}

// copying is the state of one Copy.
type copying struct {
	to        Target
	o         Options
	sessions  []Session
	positions []*uint64 // those in sessions that are not reached yet, in their order
	last      uint64    // the id that was given out last, or the position before the first one
	sizes     map[Stream]int64
	entries   int
	dropped   int
	old       []uint64 // the ids of the entries that are being appended
	reported  time.Time
}

// sortPositions collects the positions that change.
func (c *copying) sortPositions() {
	for i := range c.sessions {
		for _, p := range []*uint64{&c.sessions[i].Floor, &c.sessions[i].Deleted} {
			if *p != 0 {
				c.positions = append(c.positions, p)
			}
		}
	}
	slices.SortFunc(c.positions, func(a, b *uint64) int { return cmp.Compare(*a, *b) })
}

// append copies entries.
func (c *copying) append(ctx context.Context, entries []Entry) error {
	taken := entries[:0]
	c.old = c.old[:0]
	limit := c.to.Limit()
	for _, e := range entries {
		if !c.to.Takes(e.Stream) {
			c.dropped++
			continue
		}
		if c.sizes[e.Stream]++; limit > 0 && !c.o.Damaged && c.sizes[e.Stream] > limit {
			return fmt.Errorf("%s has more than the %d entries that the new log retains: raise its limit of entries", e.Stream, limit)
		}
		taken, c.old = append(taken, e), append(c.old, e.ID)
	}
	if len(taken) == 0 {
		return nil
	}
	if err := c.to.Append(ctx, taken); err != nil {
		return err
	}
	c.entries += len(taken)
	for i := range taken {
		c.move(c.old[i]-1, c.last)
		c.last = taken[i].ID
		c.move(c.old[i], c.last)
	}
	if time.Since(c.reported) >= reportEvery {
		c.reported = time.Now()
		c.o.Logger.Info("copied so far", "events", c.entries)
	}
	return nil
}

// move gives the positions up to an old id a new one. It is that of an earlier entry if theirs is
// not retained.
func (c *copying) move(old, id uint64) {
	for len(c.positions) > 0 && *c.positions[0] <= old {
		*c.positions[0] = id
		c.positions = c.positions[1:]
	}
}

// takenKeys returns the keys that the target takes. It waits until the source would have forgotten
// the others: what is published again under one of those would be in the new log twice.
func (c *copying) takenKeys(ctx context.Context, keys []Key) (taken []Key, err error) {
	var until time.Time
	for i := range keys {
		if k := &keys[i]; c.to.TakesKey(k) {
			taken = append(taken, *k)
		} else if k.Until.After(until) {
			until = k.Until
		}
	}
	wait := time.Until(until)
	if wait <= 0 {
		return taken, nil
	}
	c.o.Logger.Info("waiting until deduplication keys that the new log cannot take over have expired", "keys", len(keys)-len(taken), "until", until.Format(time.TimeOnly))
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return taken, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// String returns the stream for an error.
func (s Stream) String() string {
	switch {
	case s.Hash != "":
		return "a session or scope without a record"
	case s.Scope:
		return "scope " + excerpt.Quote(s.Name)
	}
	return "session " + excerpt.Quote(s.Name)
}
