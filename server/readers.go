package server

import "sync"

// readers counts the open streams of each session, and calls hooks for the first
// and the last.
type readers struct {
	first, last func(sessionID string)

	mu        sync.Mutex
	bySession map[string]*audience
}

// audience is the readers of one session.
type audience struct {
	n    int // guarded by the mutex of readers
	refs int // the readers, and hooks that still run for one; guarded likewise; the entry goes with the last

	hook sync.Mutex // held by a running hook
	told int        // how many readers the hooks know of; guarded by hook
}

func (r *readers) count(sessionID string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if a := r.bySession[sessionID]; a != nil {
		return a.n
	}
	return 0
}

// enter counts a reader, of whom leave discounts it.
func (r *readers) enter(sessionID string) (in *audience) {
	r.mu.Lock()
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
	r.mu.Unlock()

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

func (r *readers) discount(a *audience) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a.n--
}

func (r *readers) release(a *audience, sessionID string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if a.refs--; a.refs == 0 {
		delete(r.bySession, sessionID)
	}
}

// entered calls the hook for the first reader. The lock keeps the hooks of one
// session in order, and is apart from the one that count needs, so that a hook
// may ask for Readers. A hook that panics counts as not called.
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
