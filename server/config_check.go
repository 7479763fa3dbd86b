package server

import (
	"errors"
	"math"
	"strings"
	"time"
	"unicode"
)

// check returns all that New refuses.
func (c *config) check() error {
	problems := c.problems
	for _, p := range []struct {
		bad  bool
		what string
	}{
		{c.scope == nil, "WithScope: the function is nil"},
		{c.sessions == nil, "WithSessions: the function is nil"},
		{c.errorBody == nil, "WithErrorBody: the function is nil"},
		{c.guarded && c.authorizer == nil, "WithAuthorizer: the function is nil"},
		{c.publishes && c.publishAuthorizer == nil, "WithPublishAuthorizer: the function is nil"},
		{!isNamespace(c.namespace), "WithNamespace: the name has a control character"},
		{c.reauthorization > 0 && !c.guarded, "Timing.Reauthorization: needs WithAuthorizer, whose function it calls"},
		{c.maxStreamsPerClient > 0 && c.clientKey == nil, "Limits.StreamsPerClient: needs Limits.ClientKey; ClientAddress is one for a server without a proxy in front"},
	} {
		if p.bad {
			problems = append(problems, errors.New("server: "+p.what))
		}
	}
	return errors.Join(problems...)
}

const (
	// never is the longest time, so that no sum of times overflows.
	never = 365 * 24 * time.Hour
	// longestRetry is the longest reconnection time, and the longest drain window. A stream
	// that ends tells at most their sum. A timer of JavaScript fires at once beyond that.
	longestRetry = math.MaxInt32 / 2 * time.Millisecond
)

// bound shortens the times that the server adds to others.
func (c *config) bound() {
	for _, d := range []*time.Duration{&c.retry, &c.drainWindow} {
		*d = min(*d, longestRetry)
	}
	for _, d := range []*time.Duration{&c.retry, &c.heartbeat, &c.writeTimeout, &c.drainWindow, &c.maxConnectionAge, &c.reauthorization, &c.publishIdle} {
		*d = min(*d, never)
	}
}

// isNamespace reports whether the log can tell the namespace from the names of sessions.
func isNamespace(name string) bool { return !strings.ContainsFunc(name, unicode.IsControl) }
