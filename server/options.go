package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/excerpt"
)

// Option configures a Server. A time of more than a year is a year, which is never. One
// below a millisecond, as of a number without a unit, is refused where it would keep the
// server busy.
type Option func(*config)

type config struct {
	log      eventlog.Log
	logger   *slog.Logger
	observer Observer

	namespace   string
	errorBody   func(Failure) (contentType string, body []byte)
	checkEvents bool
	silentGaps  bool
	fresh       Start
	sentinel    string

	scope    func(sessionID string) string
	sessions func(ctx context.Context, sessionID string) (bool, error)

	retry            time.Duration
	heartbeat        time.Duration
	writeTimeout     time.Duration
	drainWindow      time.Duration
	maxConnectionAge time.Duration
	deleteGrace      time.Duration
	logOutage        time.Duration

	detach     bool
	sendBuffer int // of detached streams

	maxEventSize       int
	maxSessionIDLength int

	maxStreams, maxStreamsPerSession, maxStreamsPerClient int
	clientKey                                             func(*http.Request) string

	guarded         bool // by an authorizer
	authorizer      func(r *http.Request, sessionID string) error
	reauthorization time.Duration

	publishes             bool // over HTTP
	publishAuthorizer     func(r *http.Request, sessionID string) error
	maxPublishes          int
	maxPublishesPerClient int
	publishClientKey      func(*http.Request) string
	publishIdle           time.Duration // zero: no limit

	onFirstReader, onLastReader func(sessionID string)
}

func defaultConfig() config {
	return config{
		logger:             slog.New(slog.DiscardHandler),
		errorBody:          problemBody,
		checkEvents:        true,
		scope:              func(string) string { return "" },
		sessions:           func(context.Context, string) (bool, error) { return false, nil },
		retry:              2 * time.Second,
		heartbeat:          15 * time.Second,
		writeTimeout:       30 * time.Second,
		drainWindow:        5 * time.Second,
		deleteGrace:        5 * time.Minute,
		logOutage:          30 * time.Second,
		maxEventSize:       1 << 20,
		maxSessionIDLength: 256,

		maxStreams:           20_000,
		maxStreamsPerSession: 10_000,

		maxPublishes:          1_000,
		maxPublishesPerClient: 250,
		publishClientKey:      ClientAddress,
		publishIdle:           10 * time.Minute,
	}
}

const (
	// never is the longest time, so that no sum of times overflows.
	never = 365 * 24 * time.Hour
	// longestRetry is the longest reconnection time, and as much is added to it at the
	// end of a stream: a timer of JavaScript takes no more than both, and fires at once
	// instead.
	longestRetry = math.MaxInt32 / 2 * time.Millisecond
	// shortest is the shortest time that can be meant. A number without a unit, such as
	// WithHeartbeat(15), is one of nanoseconds, and the server would do nothing else.
	shortest = time.Millisecond
)

// bound bounds the times that are added to others.
func (c *config) bound() {
	for _, d := range []*time.Duration{&c.retry, &c.drainWindow} {
		*d = min(*d, longestRetry)
	}
	for _, d := range []*time.Duration{&c.retry, &c.heartbeat, &c.writeTimeout, &c.drainWindow, &c.maxConnectionAge, &c.reauthorization, &c.publishIdle} {
		*d = min(*d, never)
	}
}

func (c *config) check() error {
	switch {
	case c.heartbeat <= 0:
		return errors.New("server: the heartbeat interval must be positive: a stream without heartbeats cannot be told from a dead one")
	case c.writeTimeout <= 0:
		return errors.New("server: the write timeout must be positive: a reader that stops reading would hold its stream for ever")
	case c.retry < 0 || c.drainWindow < 0 || c.maxConnectionAge < 0:
		return errors.New("server: negative duration")
	case c.deleteGrace <= 0:
		return errors.New("server: the grace period of a deleted session must be positive: its readers could not get to its end")
	case c.scope == nil || c.sessions == nil || c.errorBody == nil:
		return errors.New("server: nil function")
	case c.maxEventSize <= 0 || c.maxSessionIDLength <= 0:
		return errors.New("server: a size limit must be positive")
	}
	return errors.Join(c.checkContract(), c.checkTimes(), c.checkLimits(), c.checkAuthorizer(), c.checkPublishing(), c.checkOutage())
}

// checkTimes refuses times that can only be a mistake.
func (c *config) checkTimes() error {
	for _, t := range []struct {
		name string
		d    time.Duration
	}{
		{"heartbeat interval", c.heartbeat}, {"write timeout", c.writeTimeout}, {"maximum connection age", c.maxConnectionAge},
		{"interval of reauthorization", c.reauthorization}, {"idle timeout of publishing", c.publishIdle},
	} {
		if t.d > 0 && t.d < shortest {
			return fmt.Errorf("server: %s %v: must be at least %v", t.name, t.d, shortest)
		}
	}
	return nil
}

// WithLog sets the log behind the server; by default a new eventlog.Memory. The
// caller closes the log, if it has to be closed, after the end of the http.Server and
// a Shutdown that has returned nil. Several servers may share one, in this process and in
// others: of one operation they then serve the same sessions, and those of different
// operations are apart by their namespaces (see [WithNamespace]). The ids of a log must
// be above 1: to resume after 0 means the oldest event, and 1 always makes a gap.
func WithLog(l eventlog.Log) Option { return func(c *config) { c.log = l } }

// WithLogger sets the logger: for failures, for readers that are dropped because
// they do not read, and at debug level for each stream that opens, ends or is
// refused. By default, and if nil, nothing is logged. Of what a client has sent, such as
// a path, a line has 600 bytes at most.
func WithLogger(l *slog.Logger) Option {
	return func(c *config) {
		if l == nil {
			l = slog.New(slog.DiscardHandler)
		}
		c.logger = excerpt.Logger(l)
	}
}

// WithScope maps each session to its scope (a tenant, a user). All streams of a
// scope get the events by which the contract tells that a session of it was created or
// deleted. By default, and where f returns an empty string, a session is a scope of its
// own, so that no reader learns of another's sessions. The function must always return
// the same for a session.
func WithScope(f func(sessionID string) string) Option { return func(c *config) { c.scope = f } }

// WithSessions lets the application vouch for sessions that the log has no
// record of, so that they can be followed before their first event. By default
// such a session is answered with 404. An error is answered with 500. After a gap the
// function is asked again, by a detached stream with another context: see
// [WithDetachedStreams]. If it says no there, the stream ends, and its client comes back
// with a request of its own.
func WithSessions(f func(ctx context.Context, sessionID string) (bool, error)) Option {
	return func(c *config) { c.sessions = f }
}

// WithRetry sets the reconnection time that each stream tells its client, with its first
// event; by default 2 s. It is rounded to milliseconds.
func WithRetry(d time.Duration) Option {
	return func(c *config) { c.retry = d.Round(time.Millisecond) }
}

// WithHeartbeat sets after how long without an event a stream gets a sign of life: the
// contract's heartbeat event or, where it has none, a comment line; by default 15 s.
func WithHeartbeat(d time.Duration) Option { return func(c *config) { c.heartbeat = d } }

// WithWriteTimeout sets the deadline of each single write (of at most 64 KiB, or
// one larger event); by default 30 s. A reader that has not taken it by then, or on
// HTTP/1.1 up to a quarter of it later, is dropped. An idle stream is not concerned,
// and the timeouts of the http.Server do not end a stream.
func WithWriteTimeout(d time.Duration) Option { return func(c *config) { c.writeTimeout = d } }

// WithDrainWindow sets over how long Shutdown spreads the ends of open streams;
// by default 5 s. Fewer than 500 streams take 10 ms each instead, if that is less.
func WithDrainWindow(d time.Duration) Option { return func(c *config) { c.drainWindow = d } }

// WithMaxConnectionAge ends each stream after this time, less a random tenth, so
// that readers spread anew over the servers behind a load balancer. By default,
// and if zero, streams have no maximum age.
func WithMaxConnectionAge(d time.Duration) Option { return func(c *config) { c.maxConnectionAge = d } }

// WithDeleteGrace sets for how long a session stays readable that was deleted, or ended by an
// event that the End of the operation names; by default 5 minutes. After it, the session is
// unknown, and an event that is published to it makes it anew. It should be longer than a
// client takes to come back: a reader that has not got to the end of the session by then is
// told a gap, or a 404.
func WithDeleteGrace(d time.Duration) Option { return func(c *config) { c.deleteGrace = d } }

// WithMaxEventSize bounds the JSON of an event's data, in bytes; by default 1 MiB.
func WithMaxEventSize(n int) Option { return func(c *config) { c.maxEventSize = n } }

// WithMaxSessionIDLength bounds a session id, in bytes; by default 256.
func WithMaxSessionIDLength(n int) Option { return func(c *config) { c.maxSessionIDLength = n } }

// OnFirstReader sets a function that is called when a session gets its first
// reader. The server answers that reader when f returns. Calls for one session never
// overlap with each other or with those of OnLastReader.
func OnFirstReader(f func(sessionID string)) Option { return func(c *config) { c.onFirstReader = f } }

// OnLastReader sets a function that is called when a session's last reader has
// left and Readers no longer counts it, for instance to stop an agent that nobody
// watches. A reader that was cut off may be about to come back.
func OnLastReader(f func(sessionID string)) Option { return func(c *config) { c.onLastReader = f } }
