package server

// WithNamespace sets the name under which the log keeps the sessions and scopes of this
// operation; by default that of the contract, which is the operationId unless the spec says
// otherwise. With an empty name, the log has their plain names.
//
// Two servers on one log serve the same sessions if they have the same namespace. Otherwise they
// share nothing, whatever the names of their sessions. Set it when an operationId changes: the
// existing sessions stay under the old name.
func WithNamespace(name string) Option { return func(c *config) { c.namespace = name } }

// WithoutEventChecks makes the server publish an event that does not fit its schema, whether it
// comes by [Server.Publish], by [Server.PublishJSON] or over HTTP. By default the server checks each
// event: also a Go value can miss an enum, a pattern or a limit. What does not depend on the schema
// is always checked: see [Server.PublishJSON].
func WithoutEventChecks() Option { return func(c *config) { c.checkEvents = false } }

// WithStreamsFromStart makes a stream whose request has no last event id begin with the oldest
// event that the log retains. It is the default if the first event of a stream does not tell its
// position: a browser that loses its connection before the first event comes back without an id,
// and would miss what was published meanwhile.
func WithStreamsFromStart() Option { return func(c *config) { c.fresh = startOldest } }

// WithStreamsFromEnd makes a stream whose request has no last event id begin with the next event.
// It is the default if the first event of a stream tells its position, as a connected event
// does.
func WithStreamsFromEnd() Option { return func(c *config) { c.fresh = startEnd } }

// WithSilentGaps makes streams go on behind a gap without a word, if the contract has no event
// for one. By default such a server answers 410 to a request that resumes where events are gone.
// The header Last-Event-ID has the position behind the gap. The server also ends a stream that
// falls behind what the log retains, and the client gets the 410 when it comes back. So no
// reader misses events without knowing.
func WithSilentGaps() Option { return func(c *config) { c.silentGaps = true } }
