package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/excerpt"
)

// maxWrite is how much is written and flushed at once, unless one event is larger.
const maxWrite = 64 << 10

// maxFraming is what a block has at most beside the name and the data of its event.
const maxFraming = len("event: \ndata: \nid: 18446744073709551615\n\n")

// stream is a view of the log: a position, and the bytes that bring a reader from
// there to the end. It knows nothing of connections.
type stream struct {
	server    *engine
	sessionID string
	reader    eventlog.Reader
	start     start
	position  uint64        // what comes after it has not been sent
	deleted   uint64        // the id of the session's last event; 0 while it lives
	ended     bool          // nothing more will come
	retry     time.Duration // that the next event is to tell; noRetry: none
	dangling  bool          // what was written last is a comment line
	counts    counts
}

// open opens the stream of a session for a request, or returns why it is refused: errEnded,
// a *RefusalError, or a failure.
//
//go:noinline
func (s *engine) open(r *http.Request, sessionID, resume string) (_ *live, err error) {
	sessionID = strings.Clone(sessionID) // out of the request's first line, which would live as long
	l := newLive(r, s, sessionID)
	begun := false
	defer func() {
		if !begun { // a function of the application may have panicked
			l.free()
		}
	}()
	if !s.streams.draining.Load() {
		if l.slot, err = s.takeSlot(r, sessionID); err != nil {
			return nil, err
		}
	}
	// The reader comes first: whatever happens to the session from here on wakes it.
	reader, err := s.log.Follow(l.ctx, s.logged(sessionID), l.waker())
	if err == nil {
		l.reader = reader
		err = l.begin(l.ctx, resume)
	}
	if err != nil {
		err = l.comeBack(resume, err)
	}
	if begun = err == nil; !begun {
		return nil, err
	}
	return l, nil
}

// errEnded refuses a request for a session that has nothing more: it is answered with 204.
var errEnded = errors.New("server: the session has ended")

// begin decides where the stream starts, or returns why there is none.
func (st *stream) begin(ctx context.Context, resume string) error {
	// The position comes before the record: the end of a session that lives by its
	// record is then after the position, so that the stream gets to it.
	floor, end, err := st.reader.Bounds(ctx)
	if err != nil {
		return err
	}
	known, err := st.lookup(ctx)
	if err != nil {
		return err
	}
	if resume == "" && st.server.fromStart() {
		st.start = start{connected: floor, position: floor}
	} else {
		st.start = resolve(resume, floor, end)
	}
	st.start.resumed, st.start.end = resume != "", end
	st.position = st.start.position
	switch over, err := st.over(ctx); {
	case !known, st.deleted != 0 && resume == "" && !st.server.fromStart():
		return &RefusalError{Status: http.StatusNotFound, Message: "session " + excerpt.Quote(st.sessionID) + " does not exist"}
	case st.start.gap && !st.server.goesOnBehindGaps():
		return &RefusalError{
			Status:  http.StatusGone,
			Header:  http.Header{lastEventID: {formatID(floor)}, "Cache-Control": {"no-store"}}, // caches keep a 410 otherwise
			Message: "events after the position that was asked for are no longer retained; Last-Event-ID: " + formatID(floor) + " goes on behind them",
		}
	case err != nil:
		return err
	case over && !(st.start.gap && st.server.op.voice.tellsGaps()):
		return errEnded
	}
	return nil
}

// over reports whether the session has ended, and no stream shows anything of it after the
// position. A client that has everything comes back with the id of the last event that it was
// shown, which is not that of the end where the contract has no event for it.
func (st *stream) over(ctx context.Context) (bool, error) {
	if st.finished() || st.deleted == 0 || st.server.op.voice.control.Deleted.Name != "" {
		return st.finished(), nil
	}
	for position := st.position; ; {
		batch, err := st.reader.Read(ctx, position, maxWrite)
		switch {
		case errors.Is(err, eventlog.ErrGap):
			return false, nil // which the stream then tells
		case err != nil:
			return false, err
		case len(batch.Entries) == 0:
			return batch.Position >= st.deleted, nil
		}
		for i := range batch.Entries {
			e := &batch.Entries[i]
			if _, shown := st.lastEvent(e); shown || !isHidden(e) {
				return false, nil
			} else if e.ID == st.deleted {
				return true, nil
			}
		}
		position = batch.Position
	}
}

// lookup reports whether the session has a record, or the application vouches for
// it, and notes whether it was deleted.
func (st *stream) lookup(ctx context.Context) (known bool, err error) {
	record, err := st.server.log.Lookup(ctx, st.server.key(st.sessionID))
	if errors.Is(err, eventlog.ErrSessionNotFound) {
		return st.server.cfg.sessions(ctx, st.sessionID)
	}
	if err != nil {
		return false, err // what is known of the deletion stays known
	}
	st.deleted = record.Deleted
	return true, nil
}

// finished reports whether the session was deleted and has nothing after the position.
func (st *stream) finished() bool { return st.deleted != 0 && st.position >= st.deleted }

// prelude appends what every stream begins with and, where there is a gap, its event.
func (st *stream) prelude(buf *buffer, retry time.Duration) {
	st.opening(buf, retry)
	if st.start.gap {
		st.gap(buf)
	}
	if st.finished() {
		st.conclude(buf)
	}
}

// behindGap appends the event of a gap that has come up, and the end of the stream if the
// session has ended within the gap.
func (st *stream) behindGap(buf *buffer) {
	st.gap(buf)
	if st.ended {
		st.conclude(buf)
	}
}

// pending returns what the log has after the position, for appendPending. A gap
// moves the position behind it, unless the gap cannot be told now.
func (st *stream) pending(ctx context.Context) (batch eventlog.Batch, gap bool, err error) {
	batch, err = st.reader.Read(ctx, st.position, maxWrite)
	switch {
	case err == nil:
		return batch, false, st.learnEnd(ctx, batch)
	case !errors.Is(err, eventlog.ErrGap):
		return batch, false, err
	}
	floor, end, err := st.reader.Bounds(ctx)
	switch {
	case err != nil:
		return batch, true, err
	case floor <= st.position && st.position <= end:
		// The log's answer is out of date. To go back would repeat what was written.
		return batch, false, fmt.Errorf("%w: it tells a gap after %d, which it has", eventlog.ErrUnavailable, st.position)
	}
	// The session may have ended within the gap, and may even be forgotten.
	known, err := st.lookup(ctx)
	if err != nil {
		return batch, true, err
	}
	st.position = floor
	st.ended = st.finished() || !known
	return batch, true, nil
}

// learnEnd looks up the end of the session where a batch has a deletion in the scope that does
// not say of which session it is.
func (st *stream) learnEnd(ctx context.Context, batch eventlog.Batch) error {
	d := &st.server.op.voice.deleted
	if d.Session != "" || st.deleted != 0 {
		return nil
	}
	for i := range batch.Entries {
		e := &batch.Entries[i]
		if e.Name != d.Name {
			continue
		}
		known, err := st.lookup(ctx)
		if !known && err == nil {
			st.deleted = e.ID // and already forgotten
		}
		return err
	}
	return nil
}

// appendPending appends the events of a batch, as many as go out in one write,
// and moves the position.
func (st *stream) appendPending(buf *buffer, batch eventlog.Batch) {
	op := &st.server.op
	out, n, plain := buf.bytes, 0, op.isPlain() && st.retry < 0
	for n < len(batch.Entries) {
		e := &batch.Entries[n]
		if n > 0 && len(out)+len(e.Name)+len(e.Data)+maxFraming > maxWrite {
			break
		}
		if plain && !isHidden(e) {
			// The log has checked the entry, once for all readers.
			out = buf.appender.Append(out, e.Name, e.Data, e.ID)
			st.dangling = false
			st.count(e)
		} else {
			buf.bytes = out
			if st.entry(buf, e) {
				st.count(e)
			}
			out, plain = buf.bytes, op.isPlain() && st.retry < 0
		}
		n++
		if e.ID == st.deleted || (e.Name == op.voice.deleted.Name || e.Name == lastName) && st.isDeletion(e) {
			st.deleted, st.ended = e.ID, true
			break
		}
	}
	if buf.bytes = out; st.ended {
		st.conclude(buf)
	}
	st.position = batch.Position
	if n < len(batch.Entries) || st.ended {
		st.position = batch.Entries[n-1].ID
	}
}

// count counts an event.
func (st *stream) count(e *eventlog.Entry) {
	st.counts.events++
	if e.ID <= st.start.end {
		st.counts.replayed++
	}
}
