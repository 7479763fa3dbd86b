package server

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/mixstream/mixstream/eventlog"
)

// Option configures a [Server]. A later option overrides an earlier one.
//
// Many options set a function that the server calls with a session id. In an operation without a
// session parameter, every request has the session "everybody", unless the application names
// another ([Server.Serve]).
type Option func(*config)

// config holds what the options of a Server say. A limit of zero is none, and so is a time of
// zero: [Unlimited] and [None] become zero here.
type config struct {
	problems []error // values that New refuses

	log      eventlog.Log
	logger   *slog.Logger
	observer Observer

	namespace   string
	errorBody   func(Failure) (contentType string, body []byte)
	checkEvents bool
	silentGaps  bool
	fresh       freshStart

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
	publishIdle           time.Duration

	onFirstReader, onLastReader func(sessionID string)
}

// freshStart is where a stream begins whose request has no last event id.
type freshStart int

const (
	startByContract freshStart = iota
	startOldest
	startEnd
)

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
		sendBuffer:         64 << 10,
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

// field is a field of Limits or Timing, and what it sets.
type field[T int | time.Duration] struct {
	name  string
	value T      // zero: the field says nothing
	to    *T     // zero: none
	need  string // why there must be a value; empty: there can be none
}

// set sets what the field says. Minus one means none, which the error calls by its name.
// None is refused where the field says why there is a need for a value.
func (f field[T]) set(none string, least T) error {
	switch {
	case f.value == 0:
	case f.value == -1 && f.need == "":
		*f.to = 0
	case f.value == -1:
		return fmt.Errorf("server: %s: must not be %s: %s", f.name, none, f.need)
	case f.value < 0:
		return fmt.Errorf("server: %s %v: must not be negative, unless it is %s", f.name, f.value, none)
	case f.value < least:
		return fmt.Errorf("server: %s %v: must be at least %v: a number without a unit counts nanoseconds", f.name, f.value, least)
	default:
		*f.to = f.value
	}
	return nil
}

// refuse makes New fail, if err is not nil.
func (c *config) refuse(err error) {
	if err != nil {
		c.problems = append(c.problems, err)
	}
}
