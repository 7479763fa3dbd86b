package server

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
)

// WithMaxStreams bounds the streams that are open at once; by default 20,000. What
// is over it is answered with 503 and Retry-After. Zero is no limit. A negative number
// of streams, here and below, has New fail.
//
// A browser's EventSource never comes back after a 503 or 429, so this limit and
// the next two are for what would harm the server, and not for shaping load.
// During Shutdown they are not applied: each new stream is sent away at once.
func WithMaxStreams(n int) Option { return func(c *config) { c.maxStreams = n } }

// WithMaxStreamsPerSession bounds the open streams of one session; by default
// 10,000. What is over it is answered with 429 and Retry-After. Zero is no limit.
func WithMaxStreamsPerSession(n int) Option {
	return func(c *config) { c.maxStreamsPerSession = n }
}

// WithMaxStreamsPerClient bounds the open streams of one client, whom key tells by
// the request: the user that a middleware has put into its context, a token, an
// address. It is called after the authorizer, from many goroutines. What is over
// the limit is answered with 429 and Retry-After; a request for which key returns
// an empty string is not limited. By default, and if n is zero, there is no such
// limit: the remote address, which is all that the server could go by, is that of
// the proxy where there is one, and then the same for all clients.
func WithMaxStreamsPerClient(n int, key func(*http.Request) string) Option {
	return func(c *config) { c.maxStreamsPerClient, c.clientKey = n, key }
}

func (c *config) checkLimits() error {
	switch {
	case c.maxStreams < 0 || c.maxStreamsPerSession < 0 || c.maxStreamsPerClient < 0:
		return errors.New("server: a limit of streams must not be negative")
	case c.maxStreamsPerClient > 0 && c.clientKey == nil:
		return errors.New("server: a limit of streams per client needs a function that tells clients")
	}
	return nil
}

// limits counts open streams.
type limits struct {
	mu        sync.Mutex
	open      int
	bySession tally
	byClient  tally
}

// slot is the place of one open stream. The zero slot is none.
type slot struct {
	taken           bool
	session, client string // empty: not counted
}

// takeSlot takes a slot for a stream, or returns a *RefusalError.
func (s *engine) takeSlot(r *http.Request, sessionID string) (slot, error) {
	c := &s.cfg
	sl := slot{taken: true}
	if c.maxStreamsPerSession > 0 {
		sl.session = sessionID
	}
	if c.maxStreamsPerClient > 0 {
		sl.client = c.clientKey(r)
	}
	l := &s.limits
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case c.maxStreams > 0 && l.open >= c.maxStreams:
		return slot{}, &RefusalError{Status: http.StatusServiceUnavailable, Message: "too many streams"}
	case sl.session != "" && l.bySession[sl.session] >= c.maxStreamsPerSession:
		return slot{}, &RefusalError{Status: http.StatusTooManyRequests, Message: "too many streams of this session"}
	case sl.client != "" && l.byClient[sl.client] >= c.maxStreamsPerClient:
		return slot{}, &RefusalError{Status: http.StatusTooManyRequests, Message: "too many streams of this client"}
	}
	l.open++
	l.bySession.add(sl.session)
	l.byClient.add(sl.client)
	return sl, nil
}

func (l *limits) free(sl slot) {
	if !sl.taken {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open--
	l.bySession.remove(sl.session)
	l.byClient.remove(sl.client)
}

// tally counts by name; it holds nothing for a count of zero.
type tally map[string]int

func (t *tally) add(name string) {
	if name == "" {
		return
	}
	if *t == nil {
		*t = make(tally)
	}
	(*t)[name]++
}

func (t *tally) remove(name string) {
	if name == "" {
		return
	}
	if (*t)[name]--; (*t)[name] > 0 {
		return
	}
	if delete(*t, name); len(*t) == 0 {
		*t = nil // a map never shrinks
	}
}

// retryAfter returns a number of seconds from 1 to 10: clients that were refused
// together are not to come back together.
func retryAfter() string { return strconv.Itoa(1 + rand.IntN(10)) }
