package stream

import (
	"context"
	"errors"
	"fmt"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/ssewrite"
)

// Found is what a read of the log has found for the next turn. The zero Found is that of a turn
// without a read.
type Found struct {
	batch   eventlog.Batch
	gap     bool   // events after the position are gone: batch.Position is behind them
	known   bool   // after a gap: there still is such a session
	deleted uint64 // the id of the session's last event, if the read has found it out
	err     error
}

// Err returns why the log failed, if it did.
func (f *Found) Err() error { return f.err }

// Nothing reports whether the stream has reached the end of the log.
func (f *Found) Nothing() bool { return f.err == nil && !f.gap && len(f.batch.Entries) == 0 }

// more reports whether the log may have more after what was found, also if no stream shows that.
// A read that failed in part has found nothing: to read again at once would fail again.
func (f *Found) more() bool { return f.err == nil && (f.gap || len(f.batch.Entries) > 0) }

// Reads reports whether the next turn wants a read.
func (s *Stream) Reads() bool { return s.phase == going }

// Read reads what comes after the position. It may wait for the log, and changes nothing in the
// stream.
func (s *Stream) Read(ctx context.Context, f *Found) {
	*f = Found{}
	f.batch, f.err = s.reader.Read(ctx, s.position, ssewrite.MaxWrite)
	switch {
	case f.err == nil:
		f.deleted, f.err = s.findEnd(ctx, f.batch.Entries)
	case errors.Is(f.err, eventlog.ErrGap):
		*f = s.findGap(ctx)
	}
}

// findGap returns what comes after a gap. The session may have ended within it, and may even be
// forgotten.
func (s *Stream) findGap(ctx context.Context) Found {
	floor, end, err := s.reader.Bounds(ctx)
	switch {
	case err != nil:
		return Found{err: err}
	case floor <= s.position && s.position <= end:
		// The log's answer is out of date. To go back would repeat events.
		return Found{err: fmt.Errorf("%w: it tells a gap after %d, which it has", eventlog.ErrUnavailable, s.position)}
	}
	f := Found{gap: true}
	f.batch.Position = floor
	f.known, f.deleted, f.err = s.rules.Sessions.Lookup(ctx, s.session)
	return f
}

// findEnd looks up the end of the session where the entries have a deletion in the scope that
// does not say of which session it is. It returns 0 if the session goes on.
func (s *Stream) findEnd(ctx context.Context, entries []eventlog.Entry) (uint64, error) {
	d := &s.rules.Vocabulary.Deleted
	if d.Session != "" || s.deleted != 0 {
		return 0, nil
	}
	for i := range entries {
		if entries[i].Name != d.Name {
			continue
		}
		known, deleted, err := s.rules.Sessions.Lookup(ctx, s.session)
		if !known && err == nil {
			return entries[i].ID, nil // and already forgotten
		}
		return deleted, err
	}
	return 0, nil
}
