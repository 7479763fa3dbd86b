package server

import "time"

// None is the value of a field of [Timing] that stands for no time at all; each field says what
// that means.
const None time.Duration = -1

// Timing holds the times of a server. Zero in a field keeps its default, or what an earlier
// [WithTiming] has set. [None] stands for no time, where the field allows it.
//
// [New] refuses any other negative value. It also refuses a positive one below a millisecond,
// which is a mistake: Heartbeat: 15 is 15 nanoseconds. The server takes a time of more than a
// year for a year.
type Timing struct {
	// Retry is the reconnection time that each stream tells its client with the first event,
	// rounded to milliseconds; 2 s by default. None is 0: the client comes back at once.
	Retry time.Duration
	// Heartbeat is the time without an event after which a stream gets a sign of life: the
	// heartbeat event of the contract, or a comment line if there is none; 15 s by default.
	// It cannot be None.
	Heartbeat time.Duration
	// WriteTimeout is the time for one write, of at most 64 KiB or one larger event; 30 s by
	// default. If a reader has not taken the write by then, the server ends its stream; on
	// HTTP/1.1 that can be up to a quarter later. An idle stream has no timeout, and those
	// of the http.Server do not end a stream. It cannot be None.
	WriteTimeout time.Duration
	// MaxConnectionAge is the age, less a random tenth, at which the server ends a stream;
	// None by default. The readers then spread again over the servers behind a load balancer.
	MaxConnectionAge time.Duration
	// DrainWindow is the time over which Shutdown spreads the ends of open streams; 5 s by
	// default. The window is shorter for fewer than 500 streams: 10 ms for each. None ends
	// all at once.
	DrainWindow time.Duration
	// LogOutage is how long streams stay open, with signs of life, while the log is
	// unavailable (eventlog.ErrUnavailable); 30 s by default. Then they end with a jittered
	// reconnection time, and their clients come back, perhaps to a server that reaches the
	// log. None ends them at once.
	//
	// Meanwhile a new stream that resumes after an id begins at that id, tells such a
	// reconnection time, and ends. The server answers any other request with 503 and
	// Retry-After.
	LogOutage time.Duration
	// DeleteGrace is how long a session can be read after its end; 5 minutes by default. A
	// session ends by DeleteSession, or by an event that the End of the operation names.
	// Afterwards it is unknown, and the next event creates it again. Choose more time than a
	// client takes to come back: a reader that has not read to the end by then gets a gap or
	// a 404. It cannot be None.
	DeleteGrace time.Duration
	// Reauthorization is the interval, less a random tenth, at which the server authorizes an
	// open stream again; None by default. It calls the function of [WithAuthorizer] with the
	// request of the stream.
	//
	// If the function refuses with a status of 4XX, the stream ends, and its client learns
	// why when it reconnects. Any other error only appears in the log, since all streams
	// would end together when the function cannot reach what it asks. A reader whose access
	// was revoked may read on until the interval, and the write that is under way, are over.
	//
	// The stream waits for the function, so the function should answer soon. It must not
	// change the request. For a detached stream it must not read what a router reuses: see
	// [WithDetachedStreams].
	Reauthorization time.Duration
	// PublishIdleTimeout is how long a body of lines may go on without a whole event;
	// 10 minutes by default. An empty line or the beginning of a line is no progress, and
	// the time that the log takes does not count. The server answers a request beyond it
	// with 503, Retry-After, and the number of events that it has published. The body of a
	// single event must come within this time and within 30 s. None sets no limit.
	PublishIdleTimeout time.Duration
}

// WithTiming sets the times that t names, and leaves the others as they are.
func WithTiming(t Timing) Option {
	return func(c *config) {
		for _, f := range []field[time.Duration]{
			{"Timing.Retry", t.Retry, &c.retry, ""},
			{"Timing.Heartbeat", t.Heartbeat, &c.heartbeat, "without heartbeats nothing tells an idle stream from a dead one"},
			{"Timing.WriteTimeout", t.WriteTimeout, &c.writeTimeout, "a reader that stops reading would hold its stream forever"},
			{"Timing.MaxConnectionAge", t.MaxConnectionAge, &c.maxConnectionAge, ""},
			{"Timing.DrainWindow", t.DrainWindow, &c.drainWindow, ""},
			{"Timing.LogOutage", t.LogOutage, &c.logOutage, ""},
			{"Timing.DeleteGrace", t.DeleteGrace, &c.deleteGrace, "the readers of a deleted session could not read to its end"},
			{"Timing.Reauthorization", t.Reauthorization, &c.reauthorization, ""},
			{"Timing.PublishIdleTimeout", t.PublishIdleTimeout, &c.publishIdle, ""},
		} {
			c.refuse(f.set("None", time.Millisecond))
		}
		c.retry = c.retry.Round(time.Millisecond)
	}
}
