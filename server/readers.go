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
	n    int // guarded by the mutex of readers; the entry goes with the last
	told int // how many of them the hooks know of; guarded by hook
	hook sync.Mutex
}

func (r *readers) count(sessionID string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if a := r.bySession[sessionID]; a != nil {
		return a.n
	}
	return 0
}

// enter counts a reader and returns the function that discounts it.
func (r *readers) enter(sessionID string) (leave func()) {
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
	r.mu.Unlock()
	r.tell(a, sessionID, 1)

	return func() {
		r.tell(a, sessionID, -1)
		r.mu.Lock()
		defer r.mu.Unlock()
		if a.n--; a.n == 0 {
			delete(r.bySession, sessionID)
		}
	}
}

// tell calls a hook if the change is one between none and some. The lock keeps
// the calls of one session in order, and is apart from the one that count needs,
// so that a hook may ask for Readers.
func (r *readers) tell(a *audience, sessionID string, change int) {
	if r.first == nil && r.last == nil {
		return
	}
	a.hook.Lock()
	defer a.hook.Unlock()
	a.told += change
	switch {
	case change > 0 && a.told == 1 && r.first != nil:
		r.first(sessionID)
	case change < 0 && a.told == 0 && r.last != nil:
		r.last(sessionID)
	}
}
