package eventlog

import (
	"context"
	"time"
)

// memoryReader reads the list of a session and, if it has a scope, that of the scope.
type memoryReader struct {
	m       *Memory
	session *session
	scope   *scope // of the record or, without one, of the call of Follow; nil: none
	closed  bool

	inSession, inScope int // the reader's places among the watchers of the two lists
}

// Follow implements Log.
func (m *Memory) Follow(ctx context.Context, s Session, wake func()) (Reader, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	m.tidy()
	ss := m.sessionFor(s.ID)
	ss.readers++
	m.noteUse(0, ss)
	if ss.since != 0 {
		s.Scope = ss.scope.nameOrNone()
	}
	r := &memoryReader{m: m, session: ss, scope: m.acquireScope(s.Scope)}
	m.mu.Unlock()
	// Watching starts outside the lock, so that the log does not wait while readers are
	// woken. An entry that was appended before is there when Follow returns.
	ss.watchers.add(wake, &r.inSession)
	if r.scope != nil {
		r.scope.watchers.add(wake, &r.inScope)
	}
	return r, nil
}

// Close implements Reader.
func (r *memoryReader) Close() {
	if r.closed {
		return
	}
	r.closed = true
	r.session.watchers.remove(&r.inSession)
	if r.scope != nil {
		r.scope.watchers.remove(&r.inScope)
	}
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	r.session.readers--
	r.m.noteUse(time.Since(r.m.began), r.session)
	r.m.releaseScope(r.scope)
	r.m.dropIfUnused(r.session)
}

// Bounds implements Reader.
func (r *memoryReader) Bounds(ctx context.Context) (floor, end uint64, err error) {
	if err := ctx.Err(); err != nil {
		return 0, 0, err
	}
	// Load the end last, so that it is not below a mark that was raised meanwhile.
	floor = r.session.trimmed()
	if r.scope != nil {
		floor = max(floor, r.scope.trimmed())
	}
	return floor, r.m.last.Load(), nil
}

// Read implements Reader.
func (r *memoryReader) Read(ctx context.Context, after uint64, limit int) (Batch, error) {
	if err := ctx.Err(); err != nil {
		return Batch{}, err
	}
	// Load the end first: an entry that is missing in a view loaded later then has a
	// higher id, in the other list too.
	end := r.m.last.Load()
	v := r.session.view.Load()
	floor := v.trimmed
	own := v.between(after, end)
	var scoped []Entry
	if r.scope != nil {
		v = r.scope.view.Load()
		floor = max(floor, v.trimmed)
		scoped = v.between(after, end)
	}
	if after < floor || after > end {
		return Batch{}, ErrGap
	}
	entries, all := merge(own, scoped, limit)
	if all {
		return Batch{Entries: entries, Position: end}, nil
	}
	return Batch{Entries: entries, Position: entries[len(entries)-1].ID}, nil
}

// merge returns the entries of both slices in the order of their ids, as many as fit
// into limit bytes but at least one. All reports whether nothing is left out.
func merge(a, b []Entry, limit int) (entries []Entry, all bool) {
	inA, inB := fit(a, limit), fit(b, limit)
	// The result has no spare capacity: what a caller appends must not overwrite the log.
	switch {
	case len(a) == 0:
		return b[:inB:inB], inB == len(b)
	case len(b) == 0:
		return a[:inA:inA], inA == len(a)
	}
	entries = make([]Entry, 0, inA+inB)
	room := int64(limit)
	for len(a) > 0 || len(b) > 0 {
		from := &a
		if len(a) == 0 || len(b) > 0 && b[0].ID < a[0].ID {
			from = &b
		}
		e := (*from)[0]
		if room -= payload(&e); room < 0 && len(entries) > 0 {
			return entries, false
		}
		entries = append(entries, e)
		*from = (*from)[1:]
	}
	return entries, true
}

// fit returns how many of the entries fit into limit bytes, at least one if there is
// one.
func fit(entries []Entry, limit int) int {
	room := int64(limit)
	for i := range entries {
		if room -= payload(&entries[i]); room < 0 && i > 0 {
			return i
		}
	}
	return len(entries)
}
