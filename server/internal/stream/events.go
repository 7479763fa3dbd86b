package stream

import (
	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/ssewrite"
	"github.com/mixstream/mixstream/server/internal/hidden"
)

// tellEvents says the events of a batch, as many as go out in one write, and moves the position.
func (s *Stream) tellEvents(f *Found, buf *ssewrite.Buffer) {
	if f.deleted != 0 {
		s.deleted = f.deleted
	}
	for entries := f.batch.Entries; len(entries) > 0; {
		n, full := s.plain(entries, buf.Len())
		switch {
		case n > 0:
			s.tellPlain(entries[:n], buf)
		case full:
			return
		default:
			n = 1
			if s.tellEntry(&entries[0], buf); s.phase == over {
				return
			}
		}
		entries = entries[n:]
	}
	s.position = max(s.position, f.batch.Position)
	if s.finished() {
		s.conclude(buf)
	}
}

// plain returns how many of the entries, from the first on, a stream shows as the log has them,
// and go out in a write that has size bytes so far. full says that the next one does not.
func (s *Stream) plain(entries []eventlog.Entry, size int) (n int, full bool) {
	v := &s.rules.Vocabulary
	plain := v.isPlain() && !s.tellRetry
	framing := 0
	if size > 0 || len(entries) > 1 { // the first of a write goes out whatever its size
		framing = ssewrite.Framing(entries[len(entries)-1].ID)
	}
	for i := range entries {
		e := &entries[i]
		more := len(e.Name) + len(e.Data) + framing
		if size > 0 && size+more > ssewrite.MaxWrite {
			return i, true
		}
		if !plain || hidden.Is(e) || e.ID == s.deleted || v.mayEnd(e) {
			return i, false
		}
		size += more
	}
	return len(entries), false
}

// tellPlain says events as the log has them. The log has checked them, once for all readers.
func (s *Stream) tellPlain(entries []eventlog.Entry, buf *ssewrite.Buffer) {
	buf.Events(entries)
	for i := range entries {
		s.count(entries[i].ID)
	}
	s.position = entries[len(entries)-1].ID
	s.dangling = false
}

// tellEntry says the event of one entry, and concludes the stream if that ended the session.
func (s *Stream) tellEntry(e *eventlog.Entry, buf *ssewrite.Buffer) {
	s.position = e.ID
	s.tellEvent(e, buf)
	if e.ID == s.deleted || s.rules.Vocabulary.mayEnd(e) && s.isDeletion(e) {
		s.deleted = e.ID
		s.conclude(buf)
	}
}

// tellEvent says the event of an entry in the form that a stream shows, unless it shows none.
func (s *Stream) tellEvent(e *eventlog.Entry, buf *ssewrite.Buffer) {
	v := &s.rules.Vocabulary
	name, data := e.Name, e.Data
	if hidden.Is(e) {
		last, ok := s.lastEvent(e)
		if !ok {
			return
		}
		name, data = last.Event, last.Data
	}
	s.count(e.ID)
	if s.tellRetry || v.IsText(name) {
		s.block(buf, name, v.Shown(name, data), e.ID, s.retry())
		return
	}
	if v.Unnamed {
		name = ""
	}
	buf.Event(name, data, e.ID)
	s.dangling = false
}

// count counts an event that the turn says.
func (s *Stream) count(id uint64) {
	if s.said.Events++; id <= s.replayEnd {
		s.said.Replayed++
	}
}

// jump says a gap that has come up, and goes on behind it.
func (s *Stream) jump(f *Found, buf *ssewrite.Buffer) {
	s.position = f.batch.Position
	if f.deleted != 0 { // what is known of a deletion stays known
		s.deleted = f.deleted
	}
	s.tellGap(buf)
	if s.finished() || !f.known {
		s.conclude(buf)
	}
}

// isDeletion reports whether an entry that ended a session ended that of the stream.
func (s *Stream) isDeletion(e *eventlog.Entry) bool {
	if e.Name == hidden.EndName {
		_, ok := s.lastEvent(e)
		return ok
	}
	d := &s.rules.Vocabulary.Deleted
	v, ok := d.Names(e.Name, e.Data) // which findEnd has looked up if it names no session
	return ok && d.Session != "" && v.Session == s.session
}

// lastEvent returns the event that an entry ended the stream's session by; false if the entry
// ended none, or another session.
func (s *Stream) lastEvent(e *eventlog.Entry) (*hidden.End, bool) {
	last, ok := hidden.EndOf(e)
	if !ok || last.Session != s.session {
		return nil, false
	}
	return last, true
}
