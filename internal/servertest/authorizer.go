package servertest

import (
	"net/http"
	"sync"
)

// Verdict is an authorizer with one answer for all, which a test can change.
type Verdict struct {
	mu    sync.Mutex
	err   error
	calls int
}

// Set changes the answer and begins to count anew.
func (v *Verdict) Set(err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.err, v.calls = err, 0
}

// Count returns how often the authorizer was asked since the last Set.
func (v *Verdict) Count() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.calls
}

// Authorize is the authorizer.
func (v *Verdict) Authorize(*http.Request, string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.calls++
	return v.err
}
