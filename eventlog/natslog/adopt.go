package natslog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// clockSlack is how many microseconds the first sequence of a stream may be earlier than
// its creation: another process may have made it, by its own clock.
const clockSlack = uint64(time.Minute / time.Microsecond)

// introduce begins with the streams that are there. If they are not those whose
// identity was stored, the log opens all the same, and is unavailable until it can adopt
// them. Positions up to start count as gone.
func (s *store) introduce(ctx context.Context, start uint64) error {
	current, b, err := s.findStreams(ctx)
	if err != nil {
		return err
	}
	pinned, err := s.loadPinned(ctx)
	if err != nil {
		return err
	}
	if pinned == nil && b.Messages == 0 && !s.options.Existing {
		// The streams may replace others of which nothing is known any more.
		if b, err = s.raiseFirst(ctx, current.firstSequence(), b, true, 0); err != nil {
			return err
		}
		start = max(start, b.First-1)
	}
	s.known.begin(current, start, b.Last)
	s.state.foreign.Store(nil)
	before := current
	switch {
	case pinned != nil:
		before = *pinned
		s.known.pinned.Store(true)
	case b.Messages > 0:
		record, err := s.getOne(ctx, s.subjects.records(), get{Seq: 1, NextFor: ">"})
		if err != nil {
			return err
		}
		if record == nil { // a record is stored before any entry, so the stream was replaced
			before.Records = time.Time{}
		}
	}
	if !before.equal(current) {
		s.known.identity.Store(&before)
		s.known.high.Store(0)
		s.known.sure.Store(0)
		why := fmt.Sprintf("the streams were made at %v and %v, and those before at %v and %v", current.Entries, current.Records, before.Entries, before.Records)
		if before.unfinished() {
			why = errUnfinished.Error()
		}
		_ = s.reportForeign(why)
	}
	return nil
}

// adopt makes the streams that are there now those of the log, if either is not the one
// that the log knows. What was before is gone: its ids, and the marks of its sessions.
// So every position from before is told as a gap, and the first sequence must be above
// all ids from before. It is raised to the time when the later stream was made, which is
// the same for all processes, whichever comes first.
func (cs *caches) adopt(ctx context.Context) error {
	switch foreign := cs.state.foreign.Load(); {
	case foreign == nil:
		return nil
	case !cs.state.used.Load():
		return *foreign // a process that only looks changes nothing
	}
	current, b, err := cs.findStreams(ctx)
	if err != nil {
		return err
	}
	known := *cs.known.identity.Load()
	first := current.firstSequence()
	if high := cs.known.high.Load(); current.equal(known) {
		switch {
		case b.Last >= high:
			cs.state.foreign.Store(nil) // the server was only behind
			return nil
		case b.Messages > 0:
			return fmt.Errorf("natslog: stream %s ends at %d, and had stored %d: its server is behind, or has lost the end of the stream and would give out its ids again; in that case copy it into a new log", cs.subjects.entries(), b.Last, high)
		}
		first = max(sequenceNow(), high+2) // the stream was in memory
	}
	pinned, err := cs.loadPinned(ctx)
	if err != nil {
		return err
	}
	if pinned != nil && pinned.unfinished() {
		return errUnfinished
	}
	if pinned == nil || !pinned.equal(current) || current.equal(known) { // otherwise another process was first
		if b, err = cs.raiseFirst(ctx, first, b, !current.Entries.Equal(known.Entries), cs.known.sure.Load()); err != nil {
			return err
		}
	}
	if _, err := cs.ensureStreams(ctx); err != nil { // they must be configured as others must be
		return err
	}
	if err := cs.pin(ctx, current); err != nil {
		return err
	}
	cs.known.begin(current, b.First-1, b.Last)
	cs.startOver(b.First - 1)
	cs.state.foreign.Store(nil)
	cs.options.Logger.Warn("natslog: the log goes on in another stream, and readers are told a gap", "first", b.First)
	return nil
}

// findStreams returns the identity of the streams that are there, and the bounds of the
// entries. It makes the streams that are missing.
func (s *store) findStreams(ctx context.Context) (current identity, b bounds, err error) {
	if current.Records, err = s.findStream(ctx, s.recordStream()); err == nil {
		current.Entries, err = s.findStream(ctx, s.entryStream())
	}
	if err == nil {
		b, err = s.getBounds(ctx)
	}
	return current, b, err
}

// findStream returns when a stream was made, and makes it if there is none.
func (s *store) findStream(ctx context.Context, want jetstream.StreamConfig) (made time.Time, err error) {
	stream, err := s.js.Stream(ctx, want.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) && !s.options.Existing {
		if _, err = s.ensureStream(ctx, want); err == nil {
			stream, err = s.js.Stream(ctx, want.Name)
		}
	}
	if err != nil {
		return made, fmt.Errorf("natslog: stream %s: %w", want.Name, err)
	}
	return stream.CachedInfo().Created, nil
}

// raiseFirst makes sure that the first sequence of the entries is at least first, and so
// above all ids from before; sure is one that was certainly stored. It leaves the entries
// of another stream alone: somebody has put them there on purpose.
func (s *store) raiseFirst(ctx context.Context, first uint64, b bounds, another bool, sure uint64) (bounds, error) {
	switch {
	case b.First >= first, sure > 0 && b.First > max(sure, s.known.start.Load()+1) && b.First+clockSlack >= first:
		return b, nil
	case another && b.Messages > 0, first <= max(s.known.high.Load(), b.Last):
		return b, fmt.Errorf("natslog: stream %s was made again, and may give out ids from %d on a second time: delete it so that it is made anew, or copy it into a new log", s.subjects.entries(), b.First)
	}
	if err := s.purge(ctx, s.subjects.entries(), "", first); err != nil {
		return b, err
	}
	return s.getBounds(ctx)
}
