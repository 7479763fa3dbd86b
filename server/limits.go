package server

import (
	"net/http"
	"sync"
)

// To add a limit, add a row to the table of the gate whose requests it bounds.

// streamLimits returns the limits of requests for a stream.
func streamLimits(c *config) [maxLimits]limit {
	return [maxLimits]limit{
		{max: c.maxStreams, by: inAll, status: http.StatusServiceUnavailable, message: "too many streams"},
		{max: c.maxStreamsPerSession, by: bySession, status: http.StatusTooManyRequests, message: "too many streams of this session"},
		{max: c.maxStreamsPerClient, by: byClient(c.clientKey), status: http.StatusTooManyRequests, message: "too many streams of this client"},
	}
}

// ingestLimits returns the limits of ingest requests.
func ingestLimits(c *config) [maxLimits]limit {
	return [maxLimits]limit{
		{max: c.maxPublishes, by: inAll, status: http.StatusServiceUnavailable, message: "too many requests that publish"},
		{max: c.maxPublishesPerClient, by: byClient(c.publishClientKey), status: http.StatusTooManyRequests, message: "too many requests of this client that publish"},
	}
}

// maxLimits is how many limits a gate has at most. The table of the streams is full: a fourth
// row needs a larger constant, or does not compile. It costs 8 bytes for each open stream, a
// pointer in its place. TestSizeOfOpenStream fails once openStream outgrows its size class of Go's
// allocator.
const maxLimits = 3

// A limit bounds how many requests with the same key are open at once.
type limit struct {
	max     int                                                // zero: no limit
	by      func(r *http.Request, session string) (key string) // empty: the request is not counted
	status  int                                                // of the answer to a request over the limit
	message string
}

// inAll counts all requests under one key.
func inAll(*http.Request, string) string { return "all" }

func bySession(_ *http.Request, session string) string { return session }

func byClient(key func(*http.Request) string) func(*http.Request, string) string {
	return func(r *http.Request, _ string) string { return key(r) }
}

// limits counts the open requests of a gate.
type limits struct {
	rows [maxLimits]limit
	mu   sync.Mutex
	open [maxLimits]map[string]*count // by row and key; guarded by mu
}

// count is how many requests are open under a key.
type count struct {
	key string
	n   int // guarded by the mutex of limits; more than 0
}

// place is what an open request holds: the counts that it is in, by row. The zero place is
// none.
type place [maxLimits]*count

// take returns the place of a request, or a *RefusalError.
func (l *limits) take(r *http.Request, session string) (place, error) {
	var keys [maxLimits]string // the functions of the application are called without the mutex
	for i := range l.rows {
		if row := &l.rows[i]; row.max > 0 {
			keys[i] = row.by(r, session)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var p place
	for i, key := range keys {
		p[i] = l.open[i][key]
		if row := &l.rows[i]; p[i] != nil && p[i].n >= row.max {
			return place{}, &RefusalError{Status: row.status, Message: row.message}
		}
	}
	for i, key := range keys {
		if key == "" {
			continue
		}
		if p[i] == nil {
			if l.open[i] == nil {
				l.open[i] = make(map[string]*count)
			}
			p[i] = &count{key: key}
			l.open[i][key] = p[i]
		}
		p[i].n++
	}
	return p, nil
}

// free frees a place.
func (l *limits) free(p place) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, c := range p {
		if c == nil {
			continue
		}
		if c.n--; c.n > 0 {
			continue
		}
		if delete(l.open[i], c.key); len(l.open[i]) == 0 {
			l.open[i] = nil // the memory of a map does not shrink
		}
	}
}
