package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/excerpt"
)

// maxWrite is how much is written and flushed at once, unless one event is larger.
const maxWrite = 64 << 10

// maxFraming is what a block has at most beside the name and the data of its event.
const maxFraming = len("event: \ndata: \nid: 18446744073709551615\n\n")

// stream is a view of the log: a position, and the bytes that bring a reader from
// there to the end. It knows nothing of connections.
type stream struct {
	server    *Server
	sessionID string
	reader    eventlog.Reader
	start     start
	position  uint64 // what comes after it has not been sent
	deleted   uint64 // the id of the session's last event; 0 while it lives
	ended     bool   // nothing more will come
	counts    counts
}

// open answers a request for a stream: with the stream, or with a refusal.
func (s *Server) open(ctx context.Context, v *visit, sessionID, resume string) (_ gen.StreamEventsResponseObject, err error) {
	s.leave(v)                           // a stream that the application has asked for before
	sessionID = strings.Clone(sessionID) // out of the request's first line, which would live as long
	if !s.streams.draining.Load() {
		if v.slot, err = s.takeSlot(v.request, sessionID); err != nil {
			return nil, err
		}
	}
	l := newLive(ctx, s, sessionID)
	// The reader comes first: whatever happens to the session from here on wakes it.
	l.visit, v.stream = v, l
	var refusal gen.StreamEventsResponseObject
	var reader eventlog.Reader
	if reader, err = s.log.Follow(ctx, s.session(sessionID), l.waker()); err == nil {
		l.reader = reader
		refusal, err = l.begin(ctx, resume)
	}
	if err != nil {
		err = l.comeBack(resume, err)
	}
	if refusal != nil || err != nil {
		s.leave(v)
		return refusal, err
	}
	return l, nil
}

// begin decides where the stream starts, or returns the answer that refuses it.
func (st *stream) begin(ctx context.Context, resume string) (refusal gen.StreamEventsResponseObject, err error) {
	// The position comes before the record: the end of a session that lives by its
	// record is then after the position, so that the stream gets to it.
	floor, end, err := st.reader.Bounds(ctx)
	if err != nil {
		return nil, err
	}
	known, err := st.lookup(ctx)
	if err != nil {
		return nil, err
	}
	st.start = resolve(resume, floor, end)
	st.start.resumed, st.start.end = resume != "", end
	st.position = st.start.position
	switch {
	case !known, st.deleted != 0 && resume == "":
		return gen.StreamEvents404JSONResponse{NotFoundJSONResponse: gen.NotFoundJSONResponse(
			restError(http.StatusNotFound, gen.RESTErrorTypeNotFound, "session "+excerpt.Quote(st.sessionID)+" does not exist"))}, nil
	case st.finished() && !st.start.gap:
		return gen.StreamEvents204Response{}, nil
	}
	return nil, nil
}

// lookup tells whether the session has a record, or the application vouches for
// it, and notes whether it was deleted.
func (st *stream) lookup(ctx context.Context) (known bool, err error) {
	record, err := st.server.log.Lookup(ctx, st.sessionID)
	if errors.Is(err, eventlog.ErrSessionNotFound) {
		return st.server.cfg.sessions(ctx, st.sessionID)
	}
	if err != nil {
		return false, err // what is known of the deletion stays known
	}
	st.deleted = record.Deleted
	return true, nil
}

// finished tells whether the session was deleted and has nothing after the position.
func (st *stream) finished() bool { return st.deleted != 0 && st.position >= st.deleted }

// prelude appends what every stream begins with: connected and, where there is a
// gap, its event.
func (st *stream) prelude(buf *buffer, retry time.Duration) {
	st.appendConnected(buf, retry)
	if st.start.gap {
		st.appendGap(buf)
	}
}

// pending returns what the log has after the position, for appendPending. A gap
// moves the position behind it, unless the gap cannot be told now.
func (st *stream) pending(ctx context.Context) (batch eventlog.Batch, gap bool, err error) {
	batch, err = st.reader.Read(ctx, st.position, maxWrite)
	if !errors.Is(err, eventlog.ErrGap) {
		return batch, false, err
	}
	floor, end, err := st.reader.Bounds(ctx)
	switch {
	case err != nil:
		return batch, true, err
	case floor <= st.position && st.position <= end:
		// Whoever has answered is behind. To go back would repeat what was written.
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

// appendPending appends the events of a batch, as many as go out in one write,
// and moves the position.
func (st *stream) appendPending(buf *buffer, batch eventlog.Batch) {
	out, n := buf.bytes, 0
	for n < len(batch.Entries) {
		e := &batch.Entries[n]
		if n > 0 && len(out)+len(e.Name)+len(e.Data)+maxFraming > maxWrite {
			break
		}
		// The log has checked the entry, once for all readers.
		out = buf.appender.Append(out, e.Name, e.Data, e.ID)
		n++
		if e.ID == st.deleted || e.Name == string(gen.EventNameSessionDeleted) && st.isDeletion(e) {
			st.ended = true
			break
		}
	}
	buf.bytes = out
	st.position = batch.Position
	if n < len(batch.Entries) || st.ended {
		st.position = batch.Entries[n-1].ID
	}
	st.count(batch.Entries[:n])
}

// count counts events.
func (st *stream) count(entries []eventlog.Entry) {
	st.counts.events += len(entries)
	for i := range entries {
		if entries[i].ID > st.start.end {
			break
		}
		st.counts.replayed++
	}
}

// isDeletion tells whether the entry, a session_deleted, is of the stream's session.
func (st *stream) isDeletion(e *eventlog.Entry) bool {
	var data gen.SessionDeletedData
	return json.Unmarshal(e.Data, &data) == nil && data.SessionID == st.sessionID
}

// appendConnected appends the first event of a stream.
func (st *stream) appendConnected(buf *buffer, retry time.Duration) {
	buf.event(st.start.connected, &gen.ConnectedData{SessionID: st.sessionID}, retry)
}

// appendHeartbeat appends a heartbeat that carries the position, and the
// reconnection time unless it is negative.
func (st *stream) appendHeartbeat(buf *buffer, retry time.Duration) {
	buf.event(st.position, &gen.HeartbeatData{Type: string(gen.EventNameHeartbeat)}, retry)
}

// appendGap appends the event that says that what is before the position may be missing.
func (st *stream) appendGap(buf *buffer) {
	st.counts.gaps++
	kind := replayGap
	buf.event(st.position, &gen.ErrorData{Type: &kind, Error: "events before this position are no longer retained, and some may be missing"}, noRetry)
}

// noRetry leaves the retry field out.
const noRetry = -1
