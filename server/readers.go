package server

import "sync"

// readers counts the readers of each session, and calls the hooks for the first and the last
// ([OnFirstReader], [OnLastReader]).
type readers struct {
	first, last func(sessionID string) // nil: no hook

	mu        sync.Mutex
	bySession map[string]*audience
}

// audience is the readers of one session.
type audience struct {
	n    int // the readers; guarded by readers.mu
	refs int // the readers, and the hooks that still run for one; guarded by readers.mu; at 0 the entry goes

	hook sync.Mutex // held by a running hook
	told int        // how many readers the hooks know of; guarded by hook
}

// count returns how many readers a session has.
func (r *readers) count(sessionID string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if a := r.bySession[sessionID]; a != nil {
		return a.n
	}
	return 0
}

// enter adds a reader; leave removes it.
func (r *readers) enter(sessionID string) (in *audience) {
	a := r.add(sessionID)
	defer func() {
		if in == nil { // the hook has panicked
			r.discount(a)
			r.release(a, sessionID)
		}
	}()
	r.entered(a, sessionID)
	return a
}

// leave undoes an enter.
func (r *readers) leave(a *audience, sessionID string) {
	defer r.release(a, sessionID)
	r.discount(a)
	r.left(a, sessionID)
}

// add counts a reader.
func (r *readers) add(sessionID string) *audience {
	r.mu.Lock()
	defer r.mu.Unlock()
	a := r.bySession[sessionID]
	if a == nil {
		if r.bySession == nil {
			r.bySession = make(map[string]*audience)
		}
		a = new(audience)
		r.bySession[sessionID] = a
	}
	a.n++
	a.refs++
	return a
}

// discount counts a reader no longer.
func (r *readers) discount(a *audience) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a.n--
}

// release removes the entry of the session with its last reader.
func (r *readers) release(a *audience, sessionID string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if a.refs--; a.refs == 0 {
		delete(r.bySession, sessionID)
	}
}

// entered calls the hook for the first reader. The lock keeps the hooks of one session in order.
// It is not the one that count needs, so that a hook may ask for Readers. A hook that panics
// counts as not called.
func (r *readers) entered(a *audience, sessionID string) {
	a.hook.Lock()
	defer a.hook.Unlock()
	if a.told == 0 && r.first != nil {
		r.first(sessionID)
	}
	a.told++
}

// left calls the hook for the last reader.
func (r *readers) left(a *audience, sessionID string) {
	a.hook.Lock()
	defer a.hook.Unlock()
	if a.told--; a.told == 0 && r.last != nil {
		r.last(sessionID)
	}
}
