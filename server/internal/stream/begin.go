package stream

import (
	"context"
	"errors"
	"strconv"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/ssewrite"
	"github.com/mixstream/mixstream/server/internal/hidden"
)

// Opening says how to answer a request for a stream.
type Opening struct {
	Answer Answer
	Floor  uint64 // for Gone: the oldest position that the client can resume after
}

// Answer is the kind of an Opening.
type Answer uint8

// Answers to a request for a stream.
const (
	Streams Answer = iota // the stream
	Unknown               // there is no such session
	Gone                  // events after the requested position are gone, and no event can tell it
	Ended                 // the session has ended, and the client has all of it
)

// Begin decides where the stream begins, and whether there is one. resume is the id that the
// client names; empty if it names none. If an error wraps eventlog.ErrUnavailable, and the
// client names an id, [Stream.ComeBack] is an answer.
func (s *Stream) Begin(ctx context.Context, resume string) (Opening, error) {
	// The position comes before the lookup: what ends the session meanwhile is then after the
	// position, so that the stream gets to it.
	floor, end, err := s.reader.Bounds(ctx)
	if err != nil {
		return Opening{}, err
	}
	s.resumed = resume != ""
	known, deleted, err := s.rules.Sessions.Lookup(ctx, s.session)
	if err != nil {
		return Opening{}, err
	}
	if resume == "" && s.rules.FromStart {
		resume = oldest
	}
	s.connected, s.position, s.gap = resolve(resume, floor, end)
	s.replayEnd, s.deleted = end, deleted
	switch {
	case !known, deleted != 0 && resume == "":
		return Opening{Answer: Unknown}, nil
	case s.gap && !s.rules.goesOnBehindGaps():
		return Opening{Gone, floor}, nil
	}
	switch over, err := s.isOver(ctx); {
	case err != nil:
		return Opening{}, err
	case over && !(s.gap && s.rules.Vocabulary.TellsGaps()):
		return Opening{Answer: Ended}, nil
	}
	return Opening{Answer: Streams}, nil
}

// ComeBack makes the stream one that only sends its client away, with the position that the
// client has named: the log is unavailable because of err.
func (s *Stream) ComeBack(resume string, err error) {
	s.connected = unknownPosition
	if id, ok := parsePosition(resume); ok {
		s.connected = id
	}
	s.position, s.resumed = s.connected, true
	s.phase, s.why, s.err = away, LogUnavailable, err
}

// SendAway makes the stream, of which nothing is said yet, one that only tells its client to
// come back later: the server shuts down.
func (s *Stream) SendAway() {
	if s.phase = away; s.why == 0 {
		s.why = Drained
	}
}

// isOver reports whether the session has ended, and a stream would show nothing after the
// position. Where the contract has no event for the end, a client that has everything comes back
// with the id of the last event that it was shown, and not with that of the end.
func (s *Stream) isOver(ctx context.Context) (bool, error) {
	if s.finished() || s.deleted == 0 || s.rules.Vocabulary.Own.Deleted.Name != "" {
		return s.finished(), nil
	}
	for position := s.position; ; {
		batch, err := s.reader.Read(ctx, position, ssewrite.MaxWrite)
		switch {
		case errors.Is(err, eventlog.ErrGap):
			return false, nil // which the stream then tells
		case err != nil:
			return false, err
		case len(batch.Entries) == 0:
			return batch.Position >= s.deleted, nil
		}
		for i := range batch.Entries {
			e := &batch.Entries[i]
			if _, shown := s.lastEvent(e); shown || !hidden.Is(e) {
				return false, nil
			} else if e.ID == s.deleted {
				return true, nil
			}
		}
		position = batch.Position
	}
}

const (
	// oldest is the id with which a client asks for the oldest event that is retained.
	oldest = "0"
	// unknownPosition is the id of the first event where the requested id can be no position of
	// the log. To resume after it always makes a gap.
	unknownPosition = 1
)

// resolve decides where a stream begins that is to resume after an id, in a log that can be read
// without a gap from floor to end. connected is the id of the first event, and the log's events
// follow after position.
func resolve(resume string, floor, end uint64) (connected, position uint64, gap bool) {
	switch resume {
	case "":
		return end, end, false
	case oldest:
		return floor, floor, false
	}
	id, ok := parsePosition(resume)
	switch {
	case !ok || id > end || id == unknownPosition:
		return unknownPosition, floor, true
	case id < floor:
		return id, floor, true
	}
	return id, id, false
}

// parsePosition parses an id in the one form in which the server writes it.
func parsePosition(s string) (uint64, bool) {
	id, err := strconv.ParseUint(s, 10, 64)
	return id, err == nil && strconv.FormatUint(id, 10) == s
}
